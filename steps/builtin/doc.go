// Package builtin lists the steps of this program. It is the only package that imports them all; builtin.go is
// generated from the folders of steps/, so a new step is a new folder and nothing else.
package builtin

import (
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

//go:generate go run generate.go

// New returns a fresh registry of every step, with the undos and functions of the Kubernetes side. It reaches no cluster.
func New(env *kube.Env) *step.Registry {
	r := &step.Registry{Undos: env.Undos(), Functions: kube.Functions()}
	add(r, env)
	r.Sort()
	return r
}
