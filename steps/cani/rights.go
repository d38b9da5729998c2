package cani

import (
	"slices"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

// needs returns the rights to ask about others. Everybody may ask about themselves.
func (s steps) needs(_, shown *Config, in *step.Place, _ step.Written) []step.Right {
	r := s.env.Rights(in).For("ask who may do what")
	for _, row := range append([]Row{shown.Row}, shown.Table...) {
		if slices.ContainsFunc(row.Who, func(who string) bool { return who != "me" }) {
			r.Everywhere(kube.Ref{APIVersion: "authorization.k8s.io/v1", Kind: "SubjectAccessReview"}, "", "create")
			r.Helps(kube.Ref{APIVersion: "v1", Kind: "ServiceAccount"}, "", "get")
		}
	}
	return r.List()
}
