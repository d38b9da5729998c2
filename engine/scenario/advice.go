package scenario

import (
	"slices"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/field"
	"github.com/scenario-runner/scenario-runner/engine/source"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

// advise looks at a scenario that has no mistake, for what can't be meant.
func (c *compiler) advise(root *yaml.Node) {
	if c.diags.HasErrors() {
		c.finish()
		return
	}
	c.canFail(root)
	vars, _ := source.Lookup(root, "vars")
	c.unused(vars, "vars", "unused-var", "nothing uses var %q")
	secrets, _ := source.Lookup(root, "secrets")
	c.unused(secrets, "secrets", "unused-secret", "nothing uses secret %q, but the scenario can't start without it")
	c.unusedAxes(c.matrix)
	c.timeouts(root)
	c.finish()
}

// finish adds the advice to what was found. In a file with mistakes it would be noise, and partly wrong.
func (c *compiler) finish() {
	if !c.diags.HasErrors() {
		*c.diags = append(*c.diags, c.advice...)
	}
}

// canFail reports a scenario that is green whatever happens.
func (c *compiler) canFail(root *yaml.Node) {
	steps, key := source.Lookup(root, "steps")
	switch {
	case steps == nil || c.counting() > 0:
	case c.scenario.Asserts == 0:
		c.diags.Add(c.file.Range(key), "asserts-nothing", "this scenario can't fail: no step judges anything; add an assert or a waitFor")
	default:
		d := c.diags.Add(c.file.Range(key), "asserts-nothing",
			"this scenario can't fail: each step that judges has continueOnError or never runs; add an assert or a waitFor that counts")
		for _, at := range slices.Compact(c.excused) {
			d.Note(at, "this judges and can't make the scenario fail")
		}
	}
}

// counting returns how many steps judge that can make the scenario fail.
func (c *compiler) counting() int { return c.scenario.Asserts - len(c.excused) }

// excuse keeps a step whose outcome does not count, once for each step that judges in it. before is how many counted when
// it had not been looked at.
func (c *compiler) excuse(p *pending, before int) {
	for d := p.declared; d != nil; d = d.parent {
		if d.compiled == nil {
			continue
		}
		precondition := d.definition != nil && d.definition.Precondition
		if never, _ := constant(d.compiled.If); d.compiled.ContinueOnError || never == false || precondition {
			for c.counting() > before {
				c.excused = append(c.excused, p.at)
			}
			return
		}
	}
}

// constant returns the value of a condition that is the same every time, else nil.
func constant(p *eval.Program) (value any, known bool) {
	if p == nil || len(p.References) > 0 {
		return nil, false
	}
	return p.Constant()
}

// unused reports entries of a section that no expression reads.
func (c *compiler) unused(section *yaml.Node, name, row, message string) {
	used := c.usedFields(name)
	if used == nil || step.ReadsAnything(&c.shared) {
		return
	}
	for _, p := range source.Pairs(section) {
		if !used[p.Key.Value] {
			c.advice.Warn(c.file.Range(p.Key), row, message, p.Key.Value)
		}
	}
}

// timeouts reports steps that may take longer than the scenario.
func (c *compiler) timeouts(root *yaml.Node) {
	safety, _ := source.Lookup(root, "safety")
	limit, _ := source.Lookup(safety, "maxDuration")
	most, ok := span(limit)
	if !ok {
		return
	}
	for _, d := range c.order {
		body, _ := source.Lookup(d.node, d.kind)
		for _, holder := range []*yaml.Node{d.node, body} {
			n, _ := source.Lookup(holder, "timeout")
			if t, ok := span(n); ok && t > most {
				c.advice.Warn(c.file.Range(n), "timeout-too-long", "this step may take %s, but safety.maxDuration ends the scenario after %s",
					field.FormatDuration(t), field.FormatDuration(most)).Note(c.file.Range(limit), "the limit stands here")
			}
		}
	}
}

func span(n *yaml.Node) (time.Duration, bool) {
	n = source.Follow(n)
	if n == nil || n.Kind != yaml.ScalarNode {
		return 0, false
	}
	d, err := time.ParseDuration(n.Value)
	return d, err == nil && d > 0
}

// conditions reports conditions of a step that have the same outcome in every run.
func (c *compiler) conditions(p *pending, ofStep []field.Condition, judges bool) {
	for _, condition := range ofStep {
		if value, known := constant(condition.Program); known {
			if value == false && p.compiled.If == condition.Program {
				c.advice.Warn(condition.Range(), "unreachable-step", "this step never runs: its condition is always false")
				continue
			}
			c.advice.Warn(condition.Range(), "constant-condition", "this condition is always %v", value)
			continue
		}
		for _, found := range condition.Program.Pointless() {
			c.advice.Warn(condition.Within(found.From, found.To), found.Check, "%s", found.Message)
		}
		if judges && len(condition.Program.Roots()) > 0 && onlyAmong(condition.Program.Roots(), "scenario", "vars") {
			c.advice.Warn(condition.Range(), "constant-condition",
				"this proves nothing: it looks at values of the scenario only, and at nothing that a step observed")
		}
	}
}

// onlyAmong reports whether all names are among those allowed.
func onlyAmong(names []string, allowed ...string) bool {
	return !slices.ContainsFunc(names, func(n string) bool { return !slices.Contains(allowed, n) })
}

// settled reports a retry of a step whose outcome can't change.
func (c *compiler) settled(p *pending, retry diag.Range) {
	if p.compiled.Retry != nil && p.definition != nil && p.definition.Settled {
		c.advice.Warn(retry, "needless-retry", "%s ends in the same way every time, so trying again changes nothing", p.kind)
	}
}

// orderAdvice reports what can't be meant about the order of the steps of a list.
func (c *compiler) orderAdvice(work []*pending, unordered bool) {
	for i, p := range work {
		if i > 0 && !unordered {
			c.needless(p, work[i-1])
		}
		if p.definition != nil && p.definition.Fails && p.plain() {
			c.unreachable(p, work[i+1:])
		}
	}
}

// plain reports whether a step runs in every run that comes to it, and counts.
func (p *pending) plain() bool {
	s := p.compiled
	return s.If == nil && !s.ContinueOnError && !s.Background && !s.Always
}

// needless reports needs that names the step just before, for which the order stands already. An outcome of that step
// that lets the order go on and not the needs would make a difference.
func (c *compiler) needless(p, before *pending) {
	if len(p.needs) != 1 || p.compiled.Always || !before.plain() || !before.named || p.needs[0].Value != before.id {
		return
	}
	c.advice.Warn(c.file.Range(p.needs[0]), "needless-needs", "steps wait for the step before them anyway; remove needs")
}

// unreachable reports the first step that comes after one that never passes.
func (c *compiler) unreachable(fails *pending, after []*pending) {
	for _, p := range after {
		if !p.compiled.Always && waitsFor(p.compiled, fails.compiled) {
			c.advice.Warn(p.at, "unreachable-step", "this step never runs: %s before it ends the scenario every time", fails.kind).
				Note(fails.at, "%s stands here; give it a condition with if", fails.kind)
			return
		}
	}
}
