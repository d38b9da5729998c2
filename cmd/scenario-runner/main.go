// Command scenario-runner runs declarative scenarios against Kubernetes clusters.
package main

import (
	"context"
	"os"
	"runtime/debug"
	_ "time/tzdata" // the zones of a policy's hours, for machines that have none

	"k8s.io/klog/v2"
)

// gcPercent trades some memory for time: a run allocates little that lives, and much that does not.
const gcPercent = 300

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	klog.LogToStderr(false) // what matters of client-go's own log comes back as errors
	klog.SetOutput(discard{})
	os.Exit(execute(context.Background(), os.Args[1:], streams{in: os.Stdin, out: os.Stdout, err: os.Stderr}))
}

// A command that only checks files forgets each of them, so it may let more garbage lie than a run: until the heap is
// seven times what lives, or has checkHeap bytes, from where on it is cleared as often as that takes.
const (
	checkGCPercent = 600
	checkHeap      = 1 << 30
)

// collectSeldom is for commands that only check files. What the user has set stays.
func collectSeldom() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(checkGCPercent)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(checkHeap)
	}
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }
