package field

import (
	"reflect"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/source"
)

// Known are names whose values are known before the run. A value that depends on nothing else is put in while the file
// is checked, so that it is checked as if the author had written it.
type Known struct {
	Values eval.Scope
	// Used is called for each value that was put in. Nil is called for none.
	Used func(n *yaml.Node, programs []*eval.Program)
}

// known evaluates a text of which everything is known. ok is false when there is no such value.
func (c *pass) known(n *yaml.Node, text eval.Text) (value any, ok bool) {
	k := c.decoder.Known
	programs := text.Programs()
	if k == nil || len(programs) == 0 || !c.complete(n, text) {
		return nil, false
	}
	for _, p := range programs {
		if len(p.References) == 0 {
			return nil, false // it may be the time of day
		}
		for _, r := range p.References {
			if _, there := k.Values[r.Path[0]]; !there {
				return nil, false
			}
		}
	}
	if k.Used != nil {
		k.Used(n, programs)
	}
	v, err := text.Value(k.Values)
	if err != nil {
		c.report(c.file.Range(n), "invalid-value", "%s", err)
		return nil, false
	}
	return v, true
}

// complete reports whether every expression of a text was compiled.
func (c *pass) complete(n *yaml.Node, text eval.Text) bool {
	return strings.Count(n.Value, "${{") == len(text.Programs())
}

// settles reports whether a value that an expression gives can take the place of the text in this shape before the run.
// Others may hold expressions themselves.
func (s *Shape) settles() bool {
	switch s.Kind {
	case Bool, Int, Float, String, Duration:
		return true
	case List:
		return s.Elem.settles()
	case Struct:
		return s.Text && s.Shorthand == nil
	}
	return false
}

// settle puts a value that is known into target, and keeps it for later.
func (c *pass) settle(n *yaml.Node, what string, s *Shape, text eval.Text, target reflect.Value) bool {
	if !s.settles() {
		return false
	}
	v, ok := c.known(n, text)
	if !ok {
		return false
	}
	if c.body.known == nil {
		c.body.known = map[*yaml.Node]any{}
	}
	c.body.known[source.Follow(n)] = v
	if err := c.assign(n, what, s, v, target); err != nil {
		c.report(c.file.Range(n), "invalid-value", "%s: %s", what, err)
	}
	return true
}

// Known returns the value that was put in for a node before the run; false when there is none.
func (b *Body) Known(n *yaml.Node) (any, bool) {
	v, ok := b.known[source.Follow(n)]
	return v, ok
}

// Shown returns what the text of a node comes to; false when it holds no ${{ }} or can't be evaluated yet.
func (b *Body) Shown(n *yaml.Node, scope eval.Scope) (string, bool) {
	text, ok := b.texts[source.Follow(n)]
	if !ok {
		return "", false
	}
	shown, err := text.Eval(scope)
	return shown, err == nil
}
