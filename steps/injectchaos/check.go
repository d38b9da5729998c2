package injectchaos

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/injectchaos/catalogue"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

// auto is the choice of a driver by us.
const auto = "auto"

// check reports what can be seen without a cluster. Values that are not known yet are empty.
func check(c *Config, p *step.Problems) {
	checkTarget(c, p)
	if c.Driver == catalogue.Litmus {
		p.At("driver", "the litmus driver is not part of this version; leave driver out or use builtin")
		return
	}
	experiment, ok := catalogue.Get(c.Experiment)
	if !ok {
		return
	}
	if err := possible(experiment); err != nil {
		p.At("experiment", "%s", err)
		return
	}
	if kindOf(c.Target.Kind, experiment) == "" && kindKnown(p) {
		p.At("target", "target needs a kind, such as Deployment: %s hits %s", experiment.Name, experiment.Scope)
	}
	_, mistakes := experiment.Check(c.Parameters)
	for _, m := range mistakes {
		if _, known := experiment.Parameter(m.Parameter); !known {
			p.AtKey("parameters."+m.Parameter, "unknown-field", "%s", m.Message)
			continue
		}
		p.At("parameters."+m.Parameter, "%s", m.Message)
	}
	checkTimes(c, p, experiment)
}

// kindKnown reports whether an empty kind means that none was given, rather than one that is not evaluated yet.
func kindKnown(p *step.Problems) bool {
	if p.Dynamic("target.kind") {
		return false
	}
	mapping := slices.ContainsFunc([]string{"name", "labels", "selector", "namespace", "count", "percent"}, func(key string) bool {
		return p.Given("target." + key)
	})
	return mapping || !p.Dynamic("target")
}

func checkTarget(c *Config, p *step.Problems) {
	t := c.Target
	container, _ := c.Parameters["container"].(string)
	kube.Expect(p, kube.Mention{Path: "target", Ref: t.Ref, Acts: true, Container: container, ContainerPath: "parameters.container"})
	if t.Name != "" && (t.Selector != "" || len(t.Labels) > 0) {
		p.At("target.name", "target has a name and labels; give one of them")
	}
	if err := t.Ref.Check(); err != nil && t.Kind != "" && t.Name == "" {
		p.At("target", "%s", err)
	}
	if p.Given("target.count") && p.Given("target.percent") {
		p.Mistake("target.percent", "exclusive-fields", "only one of count, percent can be given")
	}
	if wrong(p, "target.count", t.Count, t.Count < 1) {
		p.At("target.count", "count must be 1 or more, found %d", t.Count)
	}
	if wrong(p, "target.percent", t.Percent, t.Percent < 1 || t.Percent > 100) {
		p.At("target.percent", "percent must be from 1 to 100, found %d", t.Percent)
	}
	if protected(t.Namespace) {
		p.At("target.namespace", "%s", refusal(t.Namespace))
	}
}

// wrong reports whether a number that was given is out of its range. 0 may stand for a value that is not known yet.
func wrong(p *step.Problems, path string, value int, outside bool) bool {
	return p.Given(path) && outside && (value != 0 || !p.Dynamic(path))
}

func checkTimes(c *Config, p *step.Problems, experiment catalogue.Experiment) {
	if p.Given("interval") {
		switch {
		case !experiment.Momentary:
			p.At("interval", "interval repeats an act, but %s is a state that lasts; only duration counts", experiment.Name)
		case !p.Given("duration"):
			p.At("interval", "interval needs a duration: for how long to repeat %s", experiment.Name)
		}
	}
	if p.Given("recover") && !p.Given("duration") {
		p.Warn("recover", "recover-without-duration", "without a duration the step takes nothing back, whatever recover says")
	}
}

// possible reports an experiment that no driver of this version can do.
func possible(experiment catalogue.Experiment) error {
	able := strings.Join(catalogue.By(catalogue.Builtin), ", ")
	switch {
	case slices.Contains(experiment.Drivers, catalogue.Builtin):
		return nil
	case slices.Contains(experiment.Drivers, catalogue.Litmus):
		return fmt.Errorf("%s needs the litmus driver, which is not part of this version; the builtin driver does %s", experiment.Name, able)
	}
	return fmt.Errorf("no driver of this version can do %s; the builtin driver does %s", experiment.Name, able)
}

// kindOf returns the kind of a target, which an experiment that hits only one kind need not be told.
func kindOf(given string, experiment catalogue.Experiment) string {
	if given != "" {
		return given
	}
	return map[catalogue.Scope]string{
		catalogue.Pods: "Pod", catalogue.Nodes: "Node", catalogue.ConfigMaps: "ConfigMap",
	}[experiment.Scope]
}

// protected reports whether a namespace belongs to the platform, where chaos would end more than an experiment.
func protected(namespace string) bool {
	return slices.ContainsFunc([]string{"kube-*", "openshift-*"}, func(pattern string) bool {
		match, _ := path.Match(pattern, namespace) // the patterns are constants
		return match
	})
}

func refusal(namespace string) string {
	return fmt.Sprintf("namespace %q is protected from chaos, as are all of kube-* and openshift-*; choose a target elsewhere", namespace)
}
