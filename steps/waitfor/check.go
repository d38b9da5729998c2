package waitfor

import (
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/observe"
)

var (
	typeOfOutputs = reflect.TypeFor[Outputs]()
	captureName   = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
)

func captureNames(c *Config) []string { return slices.Sorted(maps.Keys(c.Capture)) }

func check(c *Config, p *step.Problems) {
	c.Source.Check("", p)
	if !c.Given() {
		return
	}
	traits := c.Traits()
	switch {
	case c.Where.IsSet() && !traits.Lists:
		p.At("where", "where chooses among the items of a list, and %s is none; write until", traits.Name)
	case c.Ready && !traits.Cluster:
		p.At("ready", "ready is known of Kubernetes objects only, not of %s; write until", traits.Name)
	case c.Absent && !traits.Cluster:
		p.At("absent", "absent is known of Kubernetes objects only, not of %s; write until", traits.Name)
	case c.Absent && (c.Ready || c.Until.IsSet()):
		p.At("absent", "what is absent can't satisfy another condition; give absent alone")
	case !traits.Lists && traits.Name != "object" && !c.Until.IsSet():
		p.At("", "waitFor needs a condition on the %s; write until", traits.Name)
	}
	checkNames(c, p)
	if root, ok := c.Root(); ok {
		roots := map[string]kube.Root{traits.Name: root, "matched": root, "match": {Ref: root.Ref}, "item": {Ref: root.Ref}}
		kube.Amounts(p, "until", c.Until.Program(), roots)
		kube.Amounts(p, "where", c.Where.Program(), roots)
		kube.Amounts(p, "failIf", c.FailIf.Program(), roots)
	}
	for _, name := range c.Tolerate {
		if name != "" && !slices.Contains(states(), name) {
			p.At("tolerate", "no state is called %q%s", name, diag.DidYouMean(name, states()))
		}
	}
	if c.HoldsFor == 0 && p.Literal("holdsFor") {
		p.At("holdsFor", "holdsFor: expected a positive duration, found %s", c.HoldsFor)
	}
	if c.Timeout == 0 && p.Literal("timeout") {
		p.At("timeout", "timeout: expected a positive duration, found %s", c.Timeout)
	}
	if c.Timeout > 0 && c.HoldsFor >= c.Timeout {
		p.At("holdsFor", "the condition can't hold for %s before the timeout of %s", observe.Span(c.HoldsFor), observe.Span(c.Timeout))
	}
}

// checkNames reports expressions that use the names of other sources, which would never have a value.
func checkNames(c *Config, p *step.Problems) {
	report := func(path string, program *eval.Program) {
		if name, ok := foreign(program, c.Traits()); ok {
			p.At(path, "%q is not known of this source; known here: %s", name, strings.Join(known(c.Traits()), ", "))
		}
	}
	report("until", c.Until.Program())
	report("failIf", c.FailIf.Program())
	for _, name := range captureNames(c) {
		report("capture."+name, c.Capture[name].Program())
		if !captureName.MatchString(name) {
			p.AtKey("capture."+name, "invalid-name", "%q can't be a name in expressions; use letters, digits and underscores", name)
		}
	}
}

// known lists the local names of conditions on a source.
func known(traits observe.Traits) []string {
	if traits.Lists {
		return []string{traits.Name, "matched", "match", "count"}
	}
	return []string{traits.Name}
}

// foreign returns the first local name in program that belongs to another source.
func foreign(program *eval.Program, traits observe.Traits) (string, bool) {
	if program == nil {
		return "", false
	}
	local := append(observe.Names(), "alerts", "samples", "rows", "requests", "matched", "match", "count")
	for _, r := range program.References {
		if slices.Contains(local, r.Path[0]) && !slices.Contains(known(traits), r.Path[0]) {
			return r.Path[0], true
		}
	}
	return "", false
}
