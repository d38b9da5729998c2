package firealert

import (
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

// needs returns the rights for a rule that is an object. Without one the step asks nothing of the cluster.
func needs(env *kube.Env, c *Config, in *step.Place) []step.Right {
	if c.Rule == nil || c.Rule.Object == nil {
		return nil
	}
	ref := kube.Ref{APIVersion: operatorVersion, Kind: ruleKind, Namespace: c.Rule.Object.Namespace}
	return env.Rights(in).For("bring a rule as a "+ruleKind).Apply(ref, c.Undo == "keep").List()
}
