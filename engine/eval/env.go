package eval

import (
	"maps"
	"slices"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/builtin"
	"github.com/expr-lang/expr/checker/nature"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/types"
)

// Env is what an expression may name, with types: the object of all names, and functions. With returns a changed copy.
// One Env must not be used by several goroutines at once; Private makes a copy for another one.
type Env struct {
	names     Type
	nature    nature.Nature // names in the terms of expr, kept because making it costs more than a compilation
	functions []Function
	options   []expr.Option // of the functions, made once
}

// NewEnv returns an environment that has the builtin functions and those given, and no names.
func NewEnv(functions ...Function) *Env {
	e := &Env{names: Type{Kind: Object}, nature: types.Map{}.Nature(), functions: append(Builtins(), functions...)}
	for _, f := range e.functions {
		if slices.ContainsFunc(builtin.Builtins, func(b *builtin.Function) bool { return b.Name == f.Name }) {
			e.options = append(e.options, expr.DisableBuiltin(f.Name))
		}
		e.options = append(e.options, expr.Function(f.Name, f.Func, f.Types...))
	}
	e.options = append(e.options, expr.Function(fieldFunction, field, new(func(any, string, string) any)))
	return e
}

// With returns a copy of e in which name has type t.
func (e *Env) With(name string, t Type) *Env {
	c := *e
	c.names = e.names.With(name, "", t)
	c.nature = types.Map{}.Nature()
	maps.Copy(c.nature.Fields, e.nature.Fields)
	c.nature.Fields[name] = t.expr().Nature()
	return &c
}

// Refine gives the named field of an object, say the outputs of one step among `steps`, another type. It changes e and
// every Env that was made from e since that object was put in: what is known of a step is known everywhere.
func (e *Env) Refine(name, field string, t Type) {
	object, ok := e.names.Field(name)
	if !ok {
		return
	}
	i := slices.IndexFunc(object.Type.Fields, func(f Field) bool { return f.Name == field })
	fields := e.nature.Fields[name].TypeData
	if i < 0 || fields == nil {
		return
	}
	object.Type.Fields[i].Type = t
	fields.Fields[field] = t.expr().Nature()
}

// Private returns a copy of e that shares nothing that a compilation may change.
func (e *Env) Private() *Env {
	c := *e
	c.nature = types.Map{}.Nature()
	for _, f := range e.names.Fields {
		c.nature.Fields[f.Name] = f.Type.expr().Nature()
	}
	return &c
}

// Names returns the type of all names as one object.
func (e *Env) Names() Type { return e.names }

// Functions returns the functions that expressions may call, beside those of expr.
func (e *Env) Functions() []Function { return slices.Clone(e.functions) }

// functionNames lists every function, for proposals.
func (e *Env) functionNames() []string {
	var names []string
	for _, f := range e.functions {
		names = append(names, f.Name)
	}
	for _, f := range builtin.Builtins {
		names = append(names, f.Name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// environment hands the names to a compilation.
func (e *Env) environment(c *conf.Config) {
	c.EnvObject, c.Env, c.Strict = types.Map{}, e.nature, true
}
