package scenario

import (
	"reflect"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/field"
	"github.com/scenario-runner/scenario-runner/engine/source"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

// block is the second pass over a list of steps: every config is decoded and every expression checked.
func (c *compiler) block(n *yaml.Node, env *eval.Env, depth int, unordered bool) *Block {
	n = source.Follow(n)
	b := &Block{}
	if n.Kind != yaml.SequenceNode {
		c.noList(n)
		return b
	}
	if len(n.Content) == 0 {
		c.diags.Add(c.file.Range(n), "no-steps", "there is no step in this list")
	}
	work := make([]*pending, 0, len(n.Content))
	for _, item := range n.Content {
		item = source.Follow(item)
		if d := c.nodes[item]; d != nil {
			work = append(work, c.step(item, d, env, depth))
			b.Steps = append(b.Steps, d.compiled)
		}
	}
	c.connect(work, unordered)
	return b
}

// pending is a compiled step whose edges are not drawn yet.
type pending struct {
	*declared
	needs      []*yaml.Node
	needsGiven bool
	programs   []*eval.Program // with those of nested steps
}

func (c *compiler) step(item *yaml.Node, d *declared, env *eval.Env, depth int) *pending {
	s := &Step{ID: d.id, Named: d.named, Kind: d.kind, Depth: depth, At: d.at}
	d.compiled = s
	p := &pending{declared: d}
	if item.Kind != yaml.MappingNode {
		c.noStep(item)
		return p
	}
	body, commonNode := c.split(item, d)
	c.ruledStep(item, body)
	c.onCluster(item)
	c.common(commonNode, p, env)
	if d.definition != nil {
		c.body(body, p, env)
	}
	c.programs = append(c.programs, p.programs...)
	return p
}

// split separates the common fields from the body of the step and reports everything else.
func (c *compiler) split(item *yaml.Node, d *declared) (body *source.Pair, commonNode *yaml.Node) {
	commonNode = &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Line: item.Line, Column: item.Column}
	var unknown []*yaml.Node
	for _, p := range source.Pairs(item) {
		kind := c.loader.registry.Find(p.Key.Value) != nil
		switch {
		case c.loader.shapes.common.Field(p.Key.Value) != nil:
			commonNode.Content = append(commonNode.Content, p.Key, p.Value)
		case kind && body == nil:
			body = &p
			d.at = c.file.Range(p.Key)
			d.compiled.At = d.at
		case kind:
			c.diags.Add(c.file.Range(p.Key), "second-step-kind", `a step holds one action, and this one has %q already; begin another step with "- "`, body.Key.Value)
		default:
			unknown = append(unknown, p.Key)
		}
	}
	if body != nil && unknown == nil {
		return body, commonNode
	}
	kinds := c.loader.registry.Names()
	for _, key := range unknown {
		if body != nil {
			c.diags.Add(c.file.Range(key), "unknown-field", "unknown field %q of a step%s", key.Value, c.proposeField(key.Value, d.definition))
			continue
		}
		proposal := diag.DidYouMean(key.Value, append(slices.Clone(kinds), c.loader.shapes.common.Names()...))
		if !strings.HasPrefix(proposal, "; did you mean") {
			proposal = "; scenario-runner steps lists the kinds"
			if len(kinds) <= mostKinds {
				proposal = "; choose one of " + strings.Join(kinds, ", ")
			}
		}
		c.diags.Add(c.file.Range(key), "unknown-step-kind", "unknown step kind %q%s", key.Value, proposal)
	}
	if body == nil && unknown == nil {
		c.diags.Add(c.file.Range(item), "missing-step-kind", "a step needs %s", c.oneKind())
	}
	return body, commonNode
}

// common decodes the fields that every step may have.
func (c *compiler) common(n *yaml.Node, p *pending, env *eval.Env) {
	if len(n.Content) == 0 {
		return
	}
	d := &field.Decoder{File: c.file, Diags: c.diags, Known: c.known(), Compiled: c.placed}
	body, _ := d.Compile(n, "a step", c.loader.shapes.common, env, func() reflect.Value { return reflect.New(reflect.TypeFor[common]()).Elem() })
	p.programs = append(p.programs, body.Programs...)
	v := body.Static().Interface().(common)
	s := p.compiled
	c.named(s, v.Name, body)
	s.If = v.If.Program()
	s.Timeout, s.ContinueOnError, s.Background, s.Always = v.Timeout, v.ContinueOnError, v.Background, v.Always
	s.Cluster, s.Namespace = v.Cluster, v.Namespace
	s.Retry = c.retry(v.Retry, body)
	c.conditions(p, body.Conditions, false)
	c.settled(p, body.Find("retry"))
	if needs, _ := source.Lookup(n, "needs"); needs != nil {
		p.needsGiven = true
		p.needs = []*yaml.Node{source.Follow(needs)}
		if p.needs[0].Kind == yaml.SequenceNode {
			p.needs = p.needs[0].Content
		}
	}
}

// named takes over the title that the author gave.
func (c *compiler) named(s *Step, name string, body *field.Body) {
	s.Title = name
	n := body.Value("name")
	if name != "" || n == nil || n.Kind != yaml.ScalarNode {
		return
	}
	s.Title = n.Value // it holds values that are only known in the run
	s.TitleIn = func(scope eval.Scope) (string, bool) { return body.Shown(n, scope) }
}

func (c *compiler) retry(r *retry, body *field.Body) *Retry {
	if r == nil {
		return nil
	}
	if attempts := child(child(body.Node, "retry"), "attempts"); r.Attempts < 2 && attempts != nil && attempts.Tag == "!!int" {
		c.diags.Add(c.file.Range(attempts), "invalid-value", "retry: attempts counts the first time too, so it must be at least 2")
	}
	out := &Retry{Attempts: r.Attempts, Delay: r.Delay, Factor: max(r.Factor, 1), MaxDelay: r.MaxDelay}
	allowed := []string{string(step.Failed), string(step.Errored), string(step.Inconclusive)}
	for i, v := range r.On {
		if !slices.Contains(allowed, v) {
			c.diags.Add(body.Find("retry", "on", strconv.Itoa(i)), "unknown-value", "retry: %q is no verdict that can be tried again%s", v, diag.DidYouMean(v, allowed))
		}
		out.On = append(out.On, step.Verdict(v))
	}
	if out.On == nil {
		out.On = []step.Verdict{step.Failed, step.Errored}
	}
	return out
}

// body compiles what stands under the kind's key.
func (c *compiler) body(b *source.Pair, p *pending, env *eval.Env) {
	s := p.compiled
	where := step.Common{ID: s.ID, Cluster: c.away(s.Cluster), Namespace: s.Namespace}
	judges := false // through a template
	d := &field.Decoder{File: c.file, Diags: c.diags, Shared: &c.shared, Caller: where, Known: c.known(), Compiled: c.placed, Misplaced: c.misplaced(p.kind), Reference: func(n *yaml.Node) any {
		t := c.use(n)
		judges = judges || t.Asserts > 0
		return t
	}, Special: func(n *yaml.Node, inner *eval.Env) any {
		if !p.definition.Visible {
			inner = c.inside(inner, p.declared)
		}
		b := c.block(n, inner, s.Depth+1, p.definition.Unordered)
		return step.Block{Steps: b, Outputs: c.outputsOf(b)}
	}}
	value := b.Value
	if v := source.Follow(value); v.Kind == yaml.ScalarNode && v.Tag == "!!null" {
		empty := *v
		empty.Line, empty.Column = b.Key.Line, b.Key.Column // complain at the key, there is nothing else
		empty.Value = b.Key.Value
		value = &empty
	}
	before := c.counting()
	s.Companion, s.Breaks = p.definition.Companion, p.definition.Breaks
	s.Background = s.Background || s.Companion
	task, compiled := p.definition.Compile(d, value, env)
	s.Task = task
	if len(compiled.Blocks) > 0 {
		s.At.End = c.end(b.Value) // a container covers the steps inside it
	}
	if s.Timeout == 0 {
		s.Timeout = p.definition.Timeout
	}
	if s.Title == "" {
		s.Title, s.TitleIn = compiled.Title, compiled.TitleIn
	}
	if s.Title == "" {
		s.Title = s.Kind
	}
	if compiled.Judges || judges {
		c.scenario.Asserts++
	}
	c.excuse(p, before)
	p.outputs = compiled.Outputs
	if task == nil {
		p.outputs = eval.AnyType // one mistake, one message
		if !p.definition.Dynamic {
			p.outputs = p.definition.Outputs
		}
	}
	if p.named && (p.definition.Dynamic || p.definition.Refines) {
		env.Refine("steps", p.id, p.outputType())
	}
	p.programs = append(p.programs, compiled.Programs...)
	c.conditions(p, compiled.Conditions, compiled.Judges)
	c.lift(p)
}

// end returns where the last node of a tree ends.
func (c *compiler) end(n *yaml.Node) diag.Position {
	n = source.Follow(n)
	if len(n.Content) > 0 {
		return c.end(n.Content[len(n.Content)-1])
	}
	return c.file.Range(n).End
}
