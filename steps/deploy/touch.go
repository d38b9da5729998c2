package deploy

import (
	"strings"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

// touches lists what is applied: each object that is known before the run, and the places of others.
func (s steps) touches(c, shown *Config, w step.Written) []step.Touch {
	var out []step.Touch
	if w.Given("refused") {
		return nil
	}
	stays := c.Undo == "keep"
	for i, o := range c.written {
		name := o.GetName()
		if name == "" {
			name = o.GetGenerateName() + "…"
		}
		ref := kube.Ref{APIVersion: o.GetAPIVersion(), Kind: o.GetKind(), Name: name, Namespace: o.GetNamespace()}
		touch := s.env.Touch(step.Creates, "apply", ref)
		touch.Stays = stays
		touch.Rehearse = s.rehearsal(c, c.origins[i])
		out = append(out, touch)
	}
	for _, text := range c.later(shown, w) {
		out = append(out, step.Touch{Effect: step.Creates, Verb: "apply", What: "what is in " + text, Stays: stays})
	}
	return out
}

// later lists what is read when the step runs.
func (c *Config) later(shown *Config, w step.Written) []string {
	var out []string
	for _, name := range shown.Manifests {
		if strings.Contains(name, "${{") {
			out = append(out, name)
		}
	}
	if text := w.Text("manifests"); len(shown.Manifests) == 0 && text != "" {
		out = append(out, text)
	}
	if shown.Kustomize != "" {
		out = append(out, "the kustomization "+shown.Kustomize)
	}
	if c.texts > 0 || w.Given("inline") && len(c.Inline) == 0 {
		out = append(out, "inline objects that an expression gives")
	}
	return out
}
