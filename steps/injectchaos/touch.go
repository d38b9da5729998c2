package injectchaos

import (
	"fmt"
	"slices"
	"strings"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/injectchaos/catalogue"
	"github.com/scenario-runner/scenario-runner/steps/injectchaos/driver"
	"github.com/scenario-runner/scenario-runner/steps/injectchaos/litmus"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

// touches says what is broken and how much of it: the blast radius.
func (s steps) touches(c, shown *Config, w step.Written) []step.Touch {
	experiment, known := catalogue.Get(c.Experiment)
	if !known {
		touch := s.env.Touch(step.Breaks, "break", shown.Target.Ref)
		touch.Count = 0
		touch.What += ", by " + shown.Experiment
		return []step.Touch{touch}
	}
	ref := shown.Target.Ref
	if ref.Kind == "" {
		ref.Kind = kindOf("", experiment)
	}
	if experiment.Scope == catalogue.Namespaces && !w.Given("target.name") && ref.Name == "" && ref.Selector == "" && len(ref.Labels) == 0 {
		what := "the namespace that the step works in"
		if c.Duration > 0 {
			what += " for " + c.Duration.String()
		}
		return []step.Touch{{Effect: step.Breaks, Verb: experiment.Name, What: what, Count: 1}}
	}
	touch := s.env.Touch(step.Breaks, experiment.Name, ref)
	itself := s.env.IsKind(ref.Kind, kindOf("", experiment)) || experiment.Scope == catalogue.Workloads
	touch.What, touch.Count = radius(c, w, experiment, touch.What, ref.Name != "" && itself, itself)
	if c.Duration > 0 {
		touch.What += " for " + c.Duration.String()
	}
	selection := driver.Selection{Reference: ref, Count: c.Target.Count, Percent: c.Target.Percent}
	if !dynamic(w, "target.count") && !dynamic(w, "target.percent") {
		touch.Look = s.env.Look(ref, func(found kube.Found) string { return hit(found, selection, experiment) })
	}
	return append(s.created(c, experiment, ref), touch)
}

// created lists the objects that LitmusChaos needs, when it is known that it will be asked.
func (s steps) created(c *Config, experiment catalogue.Experiment, ref kube.Ref) []step.Touch {
	if c.Driver != catalogue.Litmus && slices.Contains(experiment.Drivers, catalogue.Builtin) {
		return nil
	}
	return litmus.Touches(experiment, c.Litmus, ref.Namespace)
}

func dynamic(w step.Written, path string) bool { return strings.Contains(w.Text(path), "${{") }

// radius says which part of what is hit, and at most how many when that is known. named says that the target is one
// object, itself that targets are hit and not their pods.
func radius(c *Config, w step.Written, experiment catalogue.Experiment, target string, named, itself bool) (string, int) {
	_, chosen, _ := strings.Cut(target, "[")
	all := "the " + things(experiment)
	switch {
	case !itself:
		all += " of " + target
	case chosen != "":
		all += " [" + chosen
	}
	switch {
	case named:
		return target, 1
	case w.Given("target.percent"):
		return share(w.Text("target.percent")) + " of " + all + ", at least 1", 0
	case w.Given("target.count"):
		return "at most " + w.Text("target.count") + " of " + all, c.Target.Count
	case experiment.One:
		return "1 of " + all, 1
	}
	return "all of " + all, 0
}

// share puts a percentage into words.
func share(percent string) string {
	switch percent {
	case "50":
		return "half"
	case "100":
		return "all"
	}
	return percent + "%"
}

// hit says how many would be hit now.
func hit(found kube.Found, selection driver.Selection, experiment catalogue.Experiment) string {
	candidates := found.Objects
	if experiment.Scope == catalogue.Pods {
		candidates = max(found.Pods, 0)
	}
	return fmt.Sprintf("%d of %d %s", selection.Number(experiment, candidates), candidates, things(experiment))
}

// things is what the experiment hits, in the plural.
func things(experiment catalogue.Experiment) string { return string(experiment.Scope) }
