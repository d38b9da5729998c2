package node

import (
	"strings"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

// title says what is done with which nodes.
func title(c *Config) string { return c.Action + " " + which(c) }

// which names the nodes.
func which(c *Config) string {
	switch {
	case len(c.Name) > 0:
		return strings.Join(c.Name, ", ")
	case c.Selector != "":
		return "nodes [" + c.Selector + "]"
	}
	return "the nodes of " + c.Of.String()
}

// touches says which nodes are changed, and that a drain hits all of their pods.
func (s steps) touches(c, shown *Config, w step.Written) []step.Touch {
	verb := shown.Action
	effect := step.Changes
	if c.Action == drain {
		effect = step.Breaks
	}
	var out []step.Touch
	for _, name := range shown.Name {
		out = append(out, s.env.Touch(effect, verb, kube.Ref{Kind: "node", Name: name}))
	}
	switch {
	case len(out) > 0:
	case shown.Selector != "":
		out = append(out, s.env.Touch(effect, verb, kube.Ref{Kind: "node", Selector: shown.Selector}))
	default:
		out = append(out, step.Touch{Effect: effect, Verb: verb, What: which(shown), Where: "the whole cluster"})
	}
	for i := range out {
		out[i].Stays = c.Undo == "keep"
		if w.Given("count") {
			out[i].What = "at most " + w.Text("count") + " of " + out[i].What
			out[i].Count = c.Count
		}
		if c.Action == drain {
			out[i].What += ", with all pods there"
		}
	}
	return out
}
