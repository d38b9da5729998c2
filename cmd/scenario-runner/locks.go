package main

import (
	"fmt"
	"io"
	"os"
	"os/user"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/lease"
)

// requiredLocks is the value of the policy's locks that wants them held against other runs.
const requiredLocks = "required"

// locker keeps other runs off what scenarios claim. A sandbox that was started for this run has no others.
func locker(env *kube.Env, private func(cluster string) bool, w io.Writer) step.Locker {
	return lease.New(env, lease.Options{
		Holder: holder(), Required: env.Settings().Policy.LocksRequired,
		Warn:    func(text string) { fmt.Fprintln(w, "warning: "+text) },
		Private: private,
	})
}

// holder says who runs this, for those who wait for it: "ann@ci (process 12)".
func holder() string {
	name, host := "somebody", "an unknown host"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	if h, err := os.Hostname(); err == nil {
		host = h
	}
	return fmt.Sprintf("%s@%s (process %d)", name, host, os.Getpid())
}
