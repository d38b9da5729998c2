package eval

import (
	"slices"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/builtin"
	"github.com/expr-lang/expr/types"
)

// Env is what an expression may name, with types: the object of all names, and functions. It is immutable; With
// returns a changed copy.
type Env struct {
	names     Type
	functions []Function
	options   []expr.Option // of the functions, made once
}

// NewEnv returns an environment that has the builtin functions and those given, and no names.
func NewEnv(functions ...Function) *Env {
	e := &Env{names: Type{Kind: Object}, functions: append(Builtins(), functions...)}
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

func (e *Env) typeMap() types.Type {
	if len(e.names.Fields) == 0 {
		return types.Map{}
	}
	return e.names.expr()
}
