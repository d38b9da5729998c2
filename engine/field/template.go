package field

import (
	"fmt"
	"math"
	"reflect"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/source"
)

// Starter is a struct written as text of which something is known before the expressions in it are evaluated.
type Starter interface {
	// UnmarshalStart is called with what stands before the first ${{.
	UnmarshalStart(text string)
}

// template handles a scalar that holds ${{ }}: compiled in the first pass, replaced by its value when binding.
func (c *pass) template(n *yaml.Node, what string, s *Shape, env *eval.Env, target reflect.Value) bool {
	if n.Kind != yaml.ScalarNode || s.Kind == Expression || s.Kind == Later || s.Kind == Special || s.Kind == Reference || s.Kind == Struct && s.Shorthand != nil {
		return false
	}
	if c.binding {
		if v, ok := c.body.known[n]; ok {
			if err := c.assign(n, what, s, v, target); err != nil {
				c.report(c.file.Range(n), "invalid-value", "%s: %s", what, err)
			}
			return true
		}
		text, ok := c.body.texts[n]
		if ok && c.display {
			switch {
			case s.Kind == String:
				target.SetString(n.Value)
			case s.Text:
				c.text(n, what, target)
			}
			return true
		}
		if ok {
			c.bind(n, what, s, text, target)
		}
		return ok
	}
	if !strings.Contains(n.Value, "${{") {
		return false
	}
	text := c.compileText(n, env)
	if c.settle(n, what, s, text, target) {
		return true
	}
	c.body.texts[n] = text
	c.fits(n, what, s, text)
	if known, ok := target.Addr().Interface().(Starter); ok {
		start, _, _ := strings.Cut(n.Value, "${{")
		known.UnmarshalStart(start)
	}
	return true
}

func (c *pass) compileText(n *yaml.Node, env *eval.Env) eval.Text {
	text, problems := env.CompileText(n.Value)
	if len(problems) > 0 && c.cut(n) {
		return text
	}
	var places source.Places
	if len(problems) > 0 {
		places = c.file.Places(n)
	}
	for _, p := range problems {
		c.report(places.Within(p.From, p.To), p.Check, "%s", p.Message)
	}
	c.keep(n, text.Programs()...)
	return text
}

// keep adds the expressions of a text to those of the config.
func (c *pass) keep(n *yaml.Node, programs ...*eval.Program) {
	c.body.Programs = append(c.body.Programs, programs...)
	if c.decoder.Compiled == nil {
		return
	}
	for _, p := range programs {
		c.decoder.Compiled(p, n)
	}
}

// lone reports whether n is nothing but one ${{ }}, which may give a list or its only element.
func (c *pass) lone(n *yaml.Node, s *Shape) bool {
	if s.Elem.Kind == Expression || s.Elem.Kind == Later {
		return false
	}
	text := strings.TrimSpace(source.Follow(n).Value)
	return strings.HasPrefix(text, "${{") && strings.HasSuffix(text, "}}") && strings.Count(text, "${{") == 1
}

// fits reports a text whose value can't be what the field wants.
func (c *pass) fits(n *yaml.Node, what string, s *Shape, text eval.Text) {
	p := text.Single()
	if p == nil {
		if s.Kind != String && s.Kind != Any && s.Kind != Duration && !s.Text {
			if len(text.Programs()) > 0 {
				c.report(c.file.Range(n), "wrong-type", "%s: expected %s, found text with ${{ }} inside", what, s.Describe())
			}
		}
		return
	}
	got := p.Type.Kind
	ok := got == eval.Any
	switch s.Kind {
	case Bool:
		ok = ok || got == eval.Bool
	case Int:
		ok = ok || got == eval.Int || got == eval.Float
	case Float:
		ok = ok || got == eval.Int || got == eval.Float
	case Duration:
		ok = ok || got == eval.Duration || got == eval.String
	case Map:
		ok = ok || got == eval.Map || got == eval.Object
	default:
		ok = true
	}
	if !ok {
		c.report(c.file.Range(n), "result-type", "%s: expected %s, but the expression is %s", what, s.Describe(), got)
	}
}

func (c *pass) bind(n *yaml.Node, what string, s *Shape, text eval.Text, target reflect.Value) {
	v, err := text.Value(c.scope)
	if err == nil {
		err = c.assign(n, what, s, v, target)
	}
	if err != nil {
		c.report(c.file.Range(n), "invalid-value", "%s: %s", what, err)
	}
}

// assign puts an evaluated value into target.
func (c *pass) assign(n *yaml.Node, what string, s *Shape, v any, target reflect.Value) error {
	switch s.Kind {
	case Any:
		if v != nil {
			target.Set(reflect.ValueOf(v))
		}
		return nil
	case String:
		text, err := eval.ToText(v)
		target.SetString(text)
		return err
	case Bool:
		if b, ok := v.(bool); ok {
			target.SetBool(b)
			return nil
		}
	case Int:
		if i, ok := whole(v); ok {
			target.SetInt(i)
			return nil
		}
	case Float:
		if f, ok := v.(float64); ok {
			target.SetFloat(f)
			return nil
		}
		if i, ok := whole(v); ok {
			target.SetFloat(float64(i))
			return nil
		}
	case Duration:
		if d, ok := v.(time.Duration); ok {
			target.SetInt(int64(d))
			return nil
		}
		if text, ok := v.(string); ok {
			c.duration(&yaml.Node{Kind: yaml.ScalarNode, Value: text, Line: n.Line, Column: n.Column}, what, s, target)
			return nil
		}
	case List:
		if reflect.ValueOf(v).Kind() != reflect.Slice {
			v = []any{v}
		}
		return c.assignTree(n, what, s, v, target)
	case Struct, Map:
		return c.assignTree(n, what, s, v, target)
	}
	return fmt.Errorf("expected %s, but the expression gave %s", s.Describe(), eval.Format(v))
}

// assignTree decodes a value as if the author had written it.
func (c *pass) assignTree(n *yaml.Node, what string, s *Shape, v any, target reflect.Value) error {
	var tree yaml.Node
	if err := tree.Encode(v); err != nil {
		return fmt.Errorf("expected %s, but the expression gave %s", s.Describe(), eval.Format(v))
	}
	place(&tree, n)
	c.value(&tree, what, s, nil, target)
	return nil
}

// place gives every node of a made-up tree the position of the expression that it comes from.
func place(tree, at *yaml.Node) {
	tree.Line, tree.Column = at.Line, at.Column
	for _, child := range tree.Content {
		place(child, at)
	}
}

func whole(v any) (int64, bool) {
	switch v := v.(type) {
	case int:
		return int64(v), true
	case int64:
		return v, true
	case float64:
		if v == math.Trunc(v) && math.Abs(v) < 1<<53 {
			return int64(v), true
		}
	}
	return 0, false
}

func (c *pass) expression(n *yaml.Node, what string, s *Shape, env *eval.Env, target reflect.Value) {
	if c.binding {
		if p, ok := c.body.compiled[n].(*eval.Program); ok {
			target.Addr().Interface().(eval.Deferred).SetProgram(p)
		}
		return
	}
	if n.Kind != yaml.ScalarNode || isNull(n) {
		c.mismatch(n, what, s)
		return
	}
	text := n.Value
	if strings.HasPrefix(strings.TrimSpace(text), "${{") {
		c.report(c.file.Range(n), "expression-syntax", "%s is an expression already; write it without ${{ }}", what)
		return
	}
	p, problems := env.CompileAll(text, s.Want)
	if len(problems) > 0 && c.cut(n) {
		return
	}
	for _, problem := range problems {
		c.report(c.file.Within(n, problem.From, problem.To), problem.Check, "%s", problem.Message)
	}
	if p == nil {
		return
	}
	c.body.compiled[n] = p
	c.keep(n, p)
	if s.Want == eval.Bool {
		c.body.Conditions = append(c.body.Conditions, Condition{Program: p, file: c.file, node: n})
	}
	target.Addr().Interface().(eval.Deferred).SetProgram(p)
}

func (c *pass) later(n *yaml.Node, what string, env *eval.Env, target reflect.Value) {
	if !c.binding {
		if target.Type() == reflect.TypeFor[eval.Text]() {
			if n.Kind != yaml.ScalarNode {
				c.report(c.file.Range(n), "wrong-type", "%s: expected text, found %s", what, found(n))
				return
			}
			c.body.compiled[n] = c.compileText(n, env)
		} else {
			c.body.compiled[n] = c.tree(n, env)
		}
	}
	switch v, ok := c.body.compiled[n]; {
	case ok:
		target.Set(reflect.ValueOf(v))
	case target.Type() == reflect.TypeFor[eval.Text](): // part of a value that an expression gave, never compiled again
		target.Set(reflect.ValueOf(eval.Literal(n.Value)))
	default:
		target.Set(reflect.ValueOf(eval.Plain(Value(n))))
	}
}

// tree compiles a YAML value of any shape.
func (c *pass) tree(n *yaml.Node, env *eval.Env) eval.Tree {
	n = source.Follow(n)
	switch n.Kind {
	case yaml.MappingNode:
		var keys []string
		var values []eval.Tree
		for _, p := range source.Pairs(n) {
			keys = append(keys, p.Key.Value)
			values = append(values, c.tree(p.Value, env))
		}
		return eval.MapTree(keys, values)
	case yaml.SequenceNode:
		items := make([]eval.Tree, len(n.Content))
		for i, item := range n.Content {
			items[i] = c.tree(item, env)
		}
		return eval.ListTree(items)
	}
	if strings.Contains(n.Value, "${{") {
		text := c.compileText(n, env)
		if v, ok := c.known(n, text); ok {
			return eval.Plain(v)
		}
		return eval.TextTree(text)
	}
	return eval.Plain(Scalar(n))
}

// any decodes a YAML value of any shape into an interface field, with ${{ }} evaluated.
func (c *pass) any(n *yaml.Node, env *eval.Env, target reflect.Value) {
	if !c.binding {
		c.body.compiled[n] = c.tree(n, env)
	}
	tree, ok := c.body.compiled[n].(eval.Tree)
	if !ok {
		tree = eval.Plain(Value(n)) // part of a value that an expression gave
	}
	if !c.binding && len(tree.Programs()) > 0 {
		return
	}
	if c.display {
		return
	}
	v, err := tree.Eval(c.scope)
	if err != nil {
		c.report(c.file.Range(n), "invalid-value", "%s", err)
		return
	}
	if v != nil {
		target.Set(reflect.ValueOf(v))
	}
}

func (c *pass) special(n *yaml.Node, env *eval.Env, target reflect.Value) {
	if !c.binding {
		v := c.decoder.Special(n, env)
		c.body.compiled[n] = v
		c.body.Specials = append(c.body.Specials, v)
	}
	if v := c.body.compiled[n]; v != nil {
		target.Set(reflect.ValueOf(v))
	}
}
