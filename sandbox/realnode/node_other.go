//go:build !linux

package realnode

import "context"

const (
	bridgeName    = "cni0"
	runtimeFolder = "cri"
)

// Run says that there are no real nodes on this system.
func Run(context.Context, Config) error { return Check() }

func snapshotter(string) string { return "native" }
