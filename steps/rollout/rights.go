package rollout

import (
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

// needs returns the rights to read a workload and its history, to change it, and to wait for its rollout.
func (s steps) needs(c, shown *Config, in *step.Place, _ step.Written) []step.Right {
	r := s.env.Rights(in).For("rollout of "+shown.Object.String()).Add(shown.Object, "", "get")
	keepers := []string{"ControllerRevision"}
	switch kind := shown.Object.KindName(); {
	case kind == "":
		keepers = append(keepers, "ReplicaSet")
	case s.env.IsKind(kind, "Deployment"):
		keepers = []string{"ReplicaSet"}
	}
	for _, kind := range keepers {
		r.Add(kube.Ref{APIVersion: "apps/v1", Kind: kind, Namespace: shown.Object.Namespace}, "", "list")
	}
	if c.Action != status {
		r.Patch(shown.Object, "", c.Undo == "keep")
	}
	if c.WaitReady && c.Action != pause {
		r.Ready(shown.Object)
	}
	return r.List()
}
