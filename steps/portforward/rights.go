package portforward

import (
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube/remote"
)

// needs returns the rights to find the pods and to connect to them.
func (s steps) needs(_, shown *Config, in *step.Place, _ step.Written) []step.Right {
	r := s.env.Rights(in).For("forward a port to " + shown.To.String())
	remote.ForwardNeeds(r, shown.To)
	return r.List()
}
