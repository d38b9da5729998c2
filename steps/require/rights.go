package require

import (
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

// needs returns the right to look at nodes. Everybody may ask for kinds and for the version.
func (r requirements) needs(_, shown *Config, in *step.Place, _ step.Written) []step.Right {
	rights := r.env.Rights(in).For("look for what is required")
	if shown.Nodes != nil {
		rights.Read(kube.Ref{APIVersion: "v1", Kind: "Node", Selector: shown.Nodes.Selector})
	}
	return rights.List()
}
