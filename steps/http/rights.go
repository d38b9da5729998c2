package http

import (
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/remote"
)

// needs returns the rights to reach pods and to make tokens, for requests that want these.
func needs(env *kube.Env) func(c, shown *Config, in *step.Place, w step.Written) []step.Right {
	return func(_, shown *Config, in *step.Place, _ step.Written) []step.Right {
		r := env.Rights(in)
		if t := shown.Through; t != nil {
			remote.ForwardNeeds(r.For("reach "+t.To.String()), t.To)
		}
		if a := shown.ServiceAccount; a != nil {
			r.For("make a token of "+a.Name).Add(kube.Ref{APIVersion: "v1", Kind: "ServiceAccount", Name: a.Name, Namespace: a.Namespace}, "token", "create")
		}
		return r.List()
	}
}
