package kube

import (
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube/kinds"
)

// Fits compares a part of an object, which the config holds at a dotted path, with the fields of the kind that ref means.
// It does so when the whole file is known, because a later step may bring the definition of the kind.
func Fits(p *step.Problems, path string, ref Ref) {
	p.Later(func(p *step.Problems, _ step.Whole) {
		definitions, n := known(p.Place()), p.Node(path)
		apiVersion, name := ref.kind()
		if definitions == nil || n == nil || name == "" {
			return
		}
		kind, ok := definitions.Find(apiVersion, name)
		if !ok {
			return
		}
		for _, f := range kind.Schema.Inspect(n, kinds.Inspection{Dynamic: true, Partial: true}) {
			p.Add(p.Range(f.Node), path, false, f.Check, "%s", f.Message)
		}
	})
}
