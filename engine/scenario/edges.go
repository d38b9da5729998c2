package scenario

import (
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/graph"
)

// connect draws the edges of a block: the order in which the steps are written, what needs asks for, and what
// expressions refer to.
func (c *compiler) connect(work []*pending, unordered bool) {
	c.ordered(work, unordered)
	for _, p := range work {
		c.needs(p, work)
	}
	if c.cycles(work) {
		return
	}
	l := newLine(work)
	for _, p := range work {
		c.references(p, l)
	}
	c.orderAdvice(work, unordered)
}

// line is the steps of a block by where they stand.
type line struct {
	at map[*declared]int
	// forwardNeeds says that a step needs one that stands after it. Without that, no step runs after a later one.
	forwardNeeds bool
}

func newLine(work []*pending) line {
	l := line{at: make(map[*declared]int, len(work))}
	steps := make(map[*Step]int, len(work))
	for i, p := range work {
		l.at[p.declared], steps[p.compiled] = i, i
	}
	for i, p := range work {
		l.forwardNeeds = l.forwardNeeds || slices.ContainsFunc(p.compiled.Needs, func(s *Step) bool { return steps[s] > i })
	}
	return l
}

// runsAfter reports whether a runs after b. Chains of thousands of steps make the search expensive, so it is left out
// where the order in the file answers.
func (l line) runsAfter(a, b *declared) bool {
	if !l.forwardNeeds && l.at[a] < l.at[b] {
		return false
	}
	return waitsFor(a.compiled, b.compiled)
}

// ordered makes each step wait for the one before it. A background step is waited for only to have started.
func (c *compiler) ordered(work []*pending, unordered bool) {
	for i, p := range work {
		if p.needsGiven || unordered {
			continue
		}
		s := p.compiled
		for j := i - 1; j >= 0; j-- {
			before := work[j].compiled
			if !before.Background {
				s.After = append(s.After, before)
				break
			}
			s.AfterStart = append(s.AfterStart, before)
		}
		slices.Reverse(s.AfterStart)
	}
}

func (c *compiler) needs(p *pending, work []*pending) {
	for _, n := range p.needs {
		at := c.file.Range(n)
		target := c.ids[n.Value]
		switch {
		case n.Kind != yaml.ScalarNode:
			continue // reported by its type
		case target == nil:
			c.diags.Add(at, "unknown-step", "needs names no step: there is no id %q%s", n.Value, diag.DidYouMean(n.Value, c.idNames()))
		case target == p.declared:
			c.diags.Add(at, "cycle", "step %q needs itself", n.Value)
		case !slices.ContainsFunc(work, func(w *pending) bool { return w.declared == target }):
			c.diags.Add(at, "needs-elsewhere", "needs can only name steps of the same list, and %q stands at %s; %s",
				n.Value, target.at.Start, c.elsewhere(p, target, work))
		case target.compiled.Companion && !p.compiled.Background:
			c.companion(at, target)
		default:
			p.depend(target)
		}
	}
}

func (p *pending) depend(on *declared) {
	for _, list := range []*[]*Step{&p.compiled.After, &p.compiled.Needs} {
		if !slices.Contains(*list, on.compiled) {
			*list = append(*list, on.compiled)
		}
	}
}

func (c *compiler) idNames() []string {
	var names []string
	for _, d := range c.order {
		if d.named && !d.hidden {
			names = append(names, d.id)
		}
	}
	return names
}

// cycles reports steps that wait for each other.
func (c *compiler) cycles(work []*pending) bool {
	g := &graph.Graph[*Step]{}
	at := map[*Step]diag.Range{}
	for _, p := range work {
		g.Add(p.compiled)
		at[p.compiled] = p.at
		if len(p.needs) > 0 {
			at[p.compiled] = c.file.Range(p.needs[0])
		}
	}
	for _, p := range work {
		for _, before := range p.compiled.After {
			g.Connect(before, p.compiled)
		}
	}
	found := g.Cycles()
	for _, cycle := range found {
		names := make([]string, len(cycle))
		for i, s := range cycle {
			names[i] = s.label()
		}
		c.diags.Add(at[cycle[0]], "cycle", "steps wait for each other: %s", strings.Join(names, " -> "))
	}
	return len(found) > 0
}

// label names a step for people.
func (s *Step) label() string {
	if s.Named {
		return s.ID
	}
	return s.Kind
}

// references draws an edge for each use of another step's outputs.
func (c *compiler) references(p *pending, l line) {
	for _, program := range c.allPrograms(p) {
		for _, id := range program.Steps() {
			c.reference(p, c.ids[id], program, l)
		}
	}
}

func (c *compiler) reference(p *pending, target *declared, program *eval.Program, l line) {
	if target == nil {
		return // reported by the expression's check
	}
	sibling := target
	for sibling != nil {
		if _, here := l.at[sibling]; here {
			break
		}
		sibling = sibling.parent
	}
	switch {
	case sibling == nil:
		if target.finally && !p.finally {
			c.diags.Add(c.useOf(target, program, p), "order", "%s uses the outputs of %q, which stands in finally and runs later", p.compiled.label(), target.id)
		}
	case sibling == p.declared:
		if target == p.declared {
			c.diags.Add(c.useOf(target, program, p), "order", "step %q uses its own outputs", target.id)
		}
	case l.runsAfter(sibling, p.declared):
		c.diags.Add(c.useOf(target, program, p), "order", "%s uses the outputs of step %q, which runs after it", p.compiled.label(), target.id).
			Note(sibling.at, "step %q stands here", target.id)
	case target.compiled.Companion && target == sibling && !p.compiled.Background:
		c.companion(c.useOf(target, program, p), target)
	default:
		p.depend(sibling)
		if !slices.Contains(p.compiled.Reads, sibling.compiled) {
			p.compiled.Reads = append(p.compiled.Reads, sibling.compiled)
		}
	}
}

// placed keeps where an expression stands.
func (c *compiler) placed(p *eval.Program, n *yaml.Node) { c.places[p] = n }

// useOf returns where an expression names a step, the place of the step that holds it when that is not known.
func (c *compiler) useOf(target *declared, program *eval.Program, p *pending) diag.Range {
	n := c.places[program]
	for _, r := range program.References {
		if n != nil && len(r.Path) > 1 && r.Path[0] == "steps" && r.Path[1] == target.id {
			return c.file.Within(n, program.Offset+r.From, program.Offset+r.To)
		}
	}
	return p.at
}

// companion reports a step that waits for one that waits for it.
func (c *compiler) companion(at diag.Range, target *declared) {
	c.diags.Add(at, "order", "%s %q ends only when the steps beside it have ended, so none of them can wait for it; use its outputs in finally", target.kind, target.id).
		Note(target.at, "step %q stands here", target.id)
}

// allPrograms returns the expressions of a step and of the steps inside it.
func (c *compiler) allPrograms(p *pending) []*eval.Program {
	return append(slices.Clone(p.programs), c.nested[p.declared]...)
}

// waitsFor reports whether a runs after b.
func waitsFor(a, b *Step) bool {
	seen := map[*Step]bool{}
	var reach func(s *Step) bool
	reach = func(s *Step) bool {
		if s == b {
			return true
		}
		if seen[s] {
			return false
		}
		seen[s] = true
		return slices.ContainsFunc(s.After, reach) || slices.ContainsFunc(s.AfterStart, reach)
	}
	return a != b && reach(a)
}

// lift hands the expressions of a nested step to the container around it, whose block has to wait for what they use.
func (c *compiler) lift(p *pending) {
	for d := p.parent; d != nil; d = d.parent {
		c.nested[d] = append(c.nested[d], p.programs...)
	}
}
