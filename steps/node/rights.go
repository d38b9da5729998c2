package node

import (
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	drained "github.com/scenario-runner/scenario-runner/steps/kube/drain"
)

// needs returns the rights to find and change nodes, and to evict their pods. The undo patches as well.
func (s steps) needs(c, shown *Config, in *step.Place, _ step.Written) []step.Right {
	r := s.env.Rights(in).For(title(shown))
	node := kube.Ref{APIVersion: "v1", Kind: "Node"}
	if shown.Selector != "" {
		r.Add(node, "", "list")
	}
	if shown.Of.Kind != "" || shown.Of.Start != "" {
		r.Pods(shown.Of, false)
	}
	for _, name := range shown.Name {
		r.Add(kube.Ref{APIVersion: "v1", Kind: "Node", Name: name}, "", "get", "patch")
	}
	if len(shown.Name) == 0 {
		r.Add(node, "", "get", "patch")
	}
	if c.Action == drain || c.Action == "" {
		drained.Needs(r, c.Force, c.Undo == "keep")
	}
	return r.Claim(node).List()
}
