package assert

import (
	"maps"
	"slices"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

// needs returns the rights to look at what is given. Claims about a time are followed by watches.
func needs(env *kube.Env) func(c, shown *Config, in *step.Place, w step.Written) []step.Right {
	return func(_, shown *Config, in *step.Place, w step.Written) []step.Right {
		r := env.Rights(in)
		for _, name := range slices.Sorted(maps.Keys(shown.Given)) {
			source := shown.Given[name]
			source.Needs(r, w.Given("within") || w.Given("always") || w.Given("for"))
		}
		return r.List()
	}
}
