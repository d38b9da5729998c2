package exec

import "github.com/scenario-runner/scenario-runner/engine/step"

// needs returns the rights to find the pods and to run something in them. API servers ask for get, create or both, depending
// on their version.
func (s steps) needs(_, shown *Config, in *step.Place, _ step.Written) []step.Right {
	return s.env.Rights(in).For("run a command in "+shown.In.String()).Pods(shown.In, true).InPods(shown.In, "exec", "create", "get").List()
}
