package scenario

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/field"
	"github.com/scenario-runner/scenario-runner/engine/source"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

var identifier = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)

var stepID = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

// declared is a step as the first pass sees it: enough to know what others may refer to.
type declared struct {
	node       *yaml.Node
	id         string
	named      bool
	kind       string
	definition *step.Definition
	outputs    eval.Type
	parent     *declared // the container step around it
	finally    bool
	hidden     bool // inside a container whose steps can't be referred to
	at         diag.Range
	compiled   *Step
}

// declare is the first pass: it finds every step with its id and the type of its outputs, so that expressions can be
// checked against steps that stand later in the file as well.
func (c *compiler) declare(steps, finally *yaml.Node) {
	c.ids = map[string]*declared{}
	c.nodes = map[*yaml.Node]*declared{}
	c.nested = map[*declared][]*eval.Program{}
	c.declareBlock(steps, nil, false, false)
	c.declareBlock(finally, nil, true, false)
}

func (c *compiler) declareBlock(n *yaml.Node, parent *declared, finally, hidden bool) {
	n = source.Follow(n)
	if n == nil || n.Kind != yaml.SequenceNode {
		return
	}
	for _, item := range n.Content {
		item = source.Follow(item)
		d := &declared{node: item, parent: parent, finally: finally, hidden: hidden, outputs: eval.AnyType, at: c.file.Range(item)}
		c.counter++
		d.id = fmt.Sprintf("step%d", c.counter)
		c.nodes[item] = d
		c.identify(item, d)
		c.kindOf(item, d)
		c.order = append(c.order, d)
	}
}

func (c *compiler) identify(item *yaml.Node, d *declared) {
	id, _ := source.Lookup(item, "id")
	if id == nil || id.Kind != yaml.ScalarNode {
		return
	}
	if !stepID.MatchString(id.Value) {
		c.badID(id)
		return
	}
	if first, ok := c.ids[id.Value]; ok {
		where, _ := source.Lookup(first.node, "id")
		c.diags.Add(c.file.Range(id), "duplicate-id", "id %q is used twice; first used at %s", id.Value, c.file.Range(where).Start)
		return
	}
	d.id, d.named = id.Value, true
	c.ids[id.Value] = d
}

func (c *compiler) badID(id *yaml.Node) {
	proposal := strings.ToLower(regexp.MustCompile(`[^a-zA-Z0-9_]+`).ReplaceAllString(id.Value, "_"))
	if !stepID.MatchString(proposal) {
		c.diags.Add(c.file.Range(id), "invalid-id", "id %q must start with a lower-case letter and have only lower-case letters, digits and underscores", id.Value)
		return
	}
	reason := "an id has only lower-case letters, digits and underscores"
	if strings.Contains(id.Value, "-") {
		reason = `in an expression "-" is a minus`
	}
	c.diags.Add(c.file.Range(id), "invalid-id", "id %q can't be used: %s; write %q", id.Value, reason, proposal)
}

// kindOf finds the kind of a step and declares the steps inside a container.
func (c *compiler) kindOf(item *yaml.Node, d *declared) {
	for _, p := range source.Pairs(item) {
		definition := c.loader.registry.Find(p.Key.Value)
		if definition == nil {
			continue
		}
		d.kind, d.definition = p.Key.Value, definition
		d.outputs = definition.Outputs
		if definition.Dynamic {
			d.outputs = eval.AnyType
		}
		for _, inner := range blockNodes(definition.Config, p.Value) {
			c.declareBlock(inner, d, d.finally, d.hidden || !definition.Visible)
		}
		return
	}
}

// blockNodes returns the nodes of a config that hold nested steps.
func blockNodes(s *field.Shape, n *yaml.Node) []*yaml.Node {
	n = source.Follow(n)
	if s.Shorthand != nil && n.Kind != yaml.MappingNode && s.Shorthand.Shape.Kind == field.Special {
		return []*yaml.Node{n}
	}
	var out []*yaml.Node
	for _, p := range source.Pairs(n) {
		if f := s.Field(p.Key.Value); f != nil && f.Shape.Kind == field.Special {
			out = append(out, p.Value)
		}
	}
	return out
}

// stepsType is the type of `steps`: the outputs of every step with an id that can be referred to.
func (c *compiler) stepsType() eval.Type {
	t := eval.Type{Kind: eval.Object}
	for _, d := range c.order {
		if d.named && !d.hidden {
			t.Fields = append(t.Fields, eval.Field{Name: d.id, Doc: d.kind, Type: d.outputType()})
		}
	}
	return t
}

// inside returns what the steps inside a container see whose ids can't be referred to from outside: each other as well.
func (c *compiler) inside(env *eval.Env, container *declared) *eval.Env {
	steps, _ := env.Names().Field("steps")
	t := eval.Type{Kind: eval.Object, Fields: slices.Clone(steps.Type.Members())}
	for _, d := range c.order {
		if d.named && d.enclosure() == container {
			t.Fields = append(t.Fields, eval.Field{Name: d.id, Doc: d.kind, Type: d.outputType()})
		}
	}
	return env.With("steps", t)
}

// enclosure returns the innermost container around d that hides the ids inside it, nil when there is none.
func (d *declared) enclosure() *declared {
	for at := d.parent; at != nil; at = at.parent {
		if at.definition != nil && !at.definition.Visible {
			return at
		}
	}
	return nil
}

// outputsOf is the type of `steps` when only the steps of a compiled block are looked at.
func (c *compiler) outputsOf(b *Block) eval.Type {
	t := eval.Type{Kind: eval.Object}
	for _, s := range b.Steps {
		if d := c.ids[s.ID]; s.Named && d != nil {
			t.Fields = append(t.Fields, eval.Field{Name: s.ID, Doc: d.kind, Type: d.outputType()})
		}
	}
	return t
}

// outputType is what steps.<id> has: the outputs and, unless an output has that name, verdict and took.
func (d *declared) outputType() eval.Type {
	t := d.outputs
	if t.Kind != eval.Object {
		return t
	}
	members := t.Members()
	out := eval.Type{Kind: eval.Object, Fields: append(make([]eval.Field, 0, len(members)+2), members...)}
	for _, more := range []eval.Field{
		{Name: "verdict", Doc: "How the step ended: passed, failed, errored, inconclusive or skipped.", Type: eval.Type{Kind: eval.String}},
		{Name: "took", Doc: "How long the step took.", Type: eval.Type{Kind: eval.Duration}},
	} {
		if _, ok := t.Field(more.Name); !ok {
			out.Fields = append(out.Fields, more)
		}
	}
	return out
}
