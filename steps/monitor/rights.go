package monitor

import (
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

// needs returns the rights to follow the source.
func needs(env *kube.Env) func(c, shown *Config, in *step.Place, w step.Written) []step.Right {
	return func(_, shown *Config, in *step.Place, _ step.Written) []step.Right {
		r := env.Rights(in)
		shown.Needs(r, true)
		return r.List()
	}
}
