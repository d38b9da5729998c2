package field

import (
	"cmp"
	"reflect"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/source"
)

// scoped is a field whose expressions have names of their own. It is decoded after those without, because the types of
// these names may depend on them, whichever stands first in the file.
type scoped struct {
	node  *yaml.Node
	field *Field
	at    int // how many expressions stand before it
}

func (s scoped) rank() int {
	if s.field.Shape.Kind == Special {
		return 0
	}
	return 1
}

func newScoped(n *yaml.Node, f *Field, at int) scoped { return scoped{node: n, field: f, at: at} }

// scoped decodes the fields that had to wait, and puts their expressions where they stand in the document.
func (c *pass) scoped(fields []scoped, parent *yaml.Node, env *eval.Env, target reflect.Value) {
	// What expressions see of nested steps is known once these are compiled.
	slices.SortStableFunc(fields, func(a, b scoped) int { return cmp.Compare(a.rank(), b.rank()) })
	moved := 0
	for _, s := range fields {
		before := len(c.body.Programs)
		c.field(s.node, s.field, parent, env, target)
		late := slices.Clone(c.body.Programs[before:])
		if at := s.at + moved; at < before && len(late) > 0 {
			c.body.Programs = slices.Insert(c.body.Programs[:before], at, late...)
		}
		moved += len(late)
	}
}

// chosen returns the name that the author wrote under a key beside the field, or the standard one.
func chosen(parent *yaml.Node, key, standard string) string {
	if sibling, _ := source.Lookup(parent, key); sibling != nil && sibling.Kind == yaml.ScalarNode && sibling.Value != "" {
		return sibling.Value
	}
	return standard
}

// extend adds the local names of a field's scope tag.
func (c *pass) extend(env *eval.Env, scope []string, parent *yaml.Node) *eval.Env {
	for _, l := range c.locals {
		if l.env == env && l.parent == parent && slices.Equal(l.scope, scope) {
			return l.extended
		}
	}
	names := make([]eval.Field, 0, len(scope))
	for _, name := range scope {
		if len(name) > 1 && name[0] == '*' {
			sibling, _ := source.Lookup(parent, name[1:])
			for _, p := range source.Pairs(sibling) {
				names = append(names, eval.Field{Name: p.Key.Value, Type: c.named(p.Key.Value)})
			}
			continue
		}
		if len(name) > 1 && name[0] == '@' {
			key, standard, _ := strings.Cut(name[1:], "=")
			name = chosen(parent, key, standard)
		}
		if rest, ok := strings.CutPrefix(name, "+"); ok {
			names = append(names, eval.Field{Name: rest, Type: c.more(env, rest)})
			continue
		}
		names = append(names, eval.Field{Name: name, Type: c.named(name)})
	}
	extended := env.WithAll(names...)
	c.locals = append(c.locals, local{env, parent, scope, extended})
	return extended
}

// more returns the type of an object that expressions have anyway with the fields that the step adds to it.
func (c *pass) more(env *eval.Env, name string) eval.Type {
	known, ok := env.Names().Field(name)
	added := c.named(name)
	if !ok || known.Type.Kind != eval.Object || added.Kind != eval.Object {
		return eval.AnyType
	}
	t := known.Type
	for _, f := range added.Members() {
		t = t.With(f.Name, f.Doc, f.Type)
	}
	return t
}

// local is an environment with the names that were added to another; fields of one config often add the same.
type local struct {
	env      *eval.Env
	parent   *yaml.Node
	scope    []string
	extended *eval.Env
}

// named returns the type of a local name.
func (c *pass) named(name string) eval.Type {
	if c.decoder.Names == nil {
		return eval.AnyType
	}
	return c.decoder.Names(c.body.static, name)
}
