package eval

import (
	"maps"
	"slices"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/builtin"
	"github.com/expr-lang/expr/checker/nature"
	"github.com/expr-lang/expr/conf"
)

// Env is what an expression may name, with types: the object of all names, and functions. With returns a changed copy.
// One Env must not be used by several goroutines at once; Private makes a copy for another one.
type Env struct {
	names     Type
	nature    nature.Nature // names in the terms of expr, kept because making it costs more than a compilation
	natures   *natures
	functions []Function
	config    *conf.Config // with the functions, made once and never changed
}

// NewEnv returns an environment that has the builtin functions and those given, and no names.
func NewEnv(functions ...Function) *Env {
	e := &Env{names: Type{Kind: Object}, natures: newNatures(), functions: append(Builtins(), functions...), config: conf.CreateNew()}
	e.nature = e.natures.of(e.names)
	e.config.Strict = true
	for _, f := range e.functions {
		// A function of ours takes the place of one that expr has.
		delete(e.config.Builtins, f.Name)
		e.config.Disabled[f.Name] = true
		expr.Function(f.Name, f.Func, f.Types...)(e.config)
	}
	expr.Function(fieldFunction, field, new(func(any, any) any))(e.config)
	expr.Function(itemFunction, item, new(func(any, any, any) any))(e.config)
	expr.Function(equalFunction, equal, new(func(any, any) any))(e.config)
	expr.Function(anyFunction, func(...any) (any, error) { return nil, nil }, new(func(...any) any))(e.config)
	return e
}

// With returns a copy of e in which name has type t.
func (e *Env) With(name string, t Type) *Env { return e.WithAll(Field{Name: name, Type: t}) }

// WithAll returns a copy of e that has some more names.
func (e *Env) WithAll(fields ...Field) *Env {
	c := *e
	data := &nature.TypeData{Fields: make(map[string]nature.Nature, len(e.nature.Fields)+len(fields))}
	maps.Copy(data.Fields, e.nature.Fields)
	c.names.Fields = append(make([]Field, 0, len(e.names.Fields)+len(fields)), e.names.Fields...)
	for _, f := range fields {
		data.Fields[f.Name] = e.natures.of(f.Type)
		if i := slices.IndexFunc(c.names.Fields, func(has Field) bool { return has.Name == f.Name }); i >= 0 {
			c.names.Fields[i] = f
			continue
		}
		c.names.Fields = append(c.names.Fields, f)
	}
	c.nature.TypeData = data
	return &c
}

// Refine gives the named field of an object, say the outputs of one step among `steps`, another type. It changes e and
// every Env that was made from e since that object was put in: what is known of a step is known everywhere.
func (e *Env) Refine(name, field string, t Type) {
	object, ok := e.names.Field(name)
	if !ok {
		return
	}
	i, known := e.natures.position(object.Type.Fields, field)
	fields := e.nature.Fields[name].TypeData
	if !known || fields == nil {
		return
	}
	object.Type.Fields[i].Type = t
	fields.Fields[field] = e.natures.of(t)
}

// Private returns a copy of e that shares nothing that a compilation may change.
func (e *Env) Private() *Env {
	c := *e
	c.natures = newNatures()
	c.nature = c.natures.of(e.names)
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

// configuration is what the parser, the checker and the compiler of expr need for one expression.
func (e *Env) configuration() *conf.Config {
	c := *e.config
	c.Env, c.NtCache = e.nature, nature.Cache{}
	return &c
}
