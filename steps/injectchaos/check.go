package injectchaos

import (
	"fmt"
	"slices"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/injectchaos/catalogue"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/settings"
)

// auto is the choice of a driver by us.
const auto = "auto"

// check reports what can be seen without a cluster. Values that are not known yet are empty.
func check(c *Config, p *step.Problems) {
	checkTarget(c, p)
	experiment, ok := catalogue.Get(c.Experiment)
	if !ok {
		return
	}
	if err := possible(c.Driver, experiment); err != nil {
		p.At("experiment", "%s", err)
		return
	}
	checkLitmus(c, p, experiment)
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
	if err := settings.Fault(t.Namespace); err != nil { // what the policy forbids is looked at for every step
		p.At("target.namespace", "%s", err)
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

// possible reports an experiment that the driver asked for can't do. Every experiment has a driver that can.
func possible(name string, experiment catalogue.Experiment) error {
	if name == auto || name == "" || slices.Contains(experiment.Drivers, name) {
		return nil
	}
	return fmt.Errorf("the %s driver can't do %s; leave driver out or use %s", name, experiment.Name, experiment.Drivers[0])
}

// checkLitmus reports what LitmusChaos would not do as it is written, when it is known that it will be asked.
func checkLitmus(c *Config, p *step.Problems, experiment catalogue.Experiment) {
	chosen := c.Driver == catalogue.Litmus || !slices.Contains(experiment.Drivers, catalogue.Builtin)
	if !chosen {
		if p.Given("litmus") && c.Driver != "" && !p.Dynamic("driver") {
			p.Warn("litmus", "litmus-without-driver", "the builtin driver carries %s out, which passes over litmus; set driver: litmus", experiment.Name)
		}
		return
	}
	c.Litmus.Check("litmus", p)
	if c.Recover != nil && !*c.Recover && p.Given("duration") {
		p.At("recover", "LitmusChaos takes its fault back when the duration is over; leave recover out")
	}
	for _, path := range []string{"duration", "interval"} {
		d := map[string]time.Duration{"duration": c.Duration, "interval": c.Interval}[path]
		if d%time.Second != 0 {
			p.At(path, "LitmusChaos counts in whole seconds, found %s", d)
		}
	}
}

// kindOf returns the kind of a target, which an experiment that hits only one kind need not be told.
func kindOf(given string, experiment catalogue.Experiment) string {
	if given != "" {
		return given
	}
	return map[catalogue.Scope]string{
		catalogue.Pods: "Pod", catalogue.Nodes: "Node", catalogue.ConfigMaps: "ConfigMap", catalogue.Secrets: "Secret",
		catalogue.Services: "Service", catalogue.Namespaces: "Namespace",
	}[experiment.Scope]
}
