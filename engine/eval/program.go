// Package eval compiles and evaluates the expressions of scenarios: expr-lang, with types known before the run, strict
// access to fields, references collected for the step graph, and a false result explained operand by operand.
// It knows no YAML and no steps.
package eval

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/compiler"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/optimizer"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/vm"
)

// Problem is a mistake in an expression. From and To are rune offsets into its source, To exclusive. Check names the
// check that found it, as in docs/checks.md.
type Problem struct {
	From, To int
	Check    string
	Message  string
	fix      *fix // a cure that leaves no doubt, nil for none
}

// Error returns the message.
func (p *Problem) Error() string { return p.Message }

// Program is a compiled expression.
type Program struct {
	Source     string
	Offset     int // in runes, of Source in the text with ${{ }} that it is a part of
	References []Reference
	Type       Type // of the result; Any when not known
	env        *Env
	program    *vm.Program
	pointless  []*Problem
	constant   bool
}

// Reference is a name that an expression uses, as the path of plain members: steps.web.ready is ["steps" "web" "ready"].
type Reference struct {
	Path     []string
	From, To int // of the first element that follows the root, else of the root
}

// Compile parses and checks source. want restricts the result's type; Any allows everything. It returns the first of the
// mistakes that CompileAll finds.
//
// A field of a value that is not known before the run must be there when the expression is evaluated. One that the type
// of an object made by ObjectOf has may be absent: it reads as its zero value, and as nil where it is compared with nil
// or stands on the left of ??.
func (e *Env) Compile(source string, want Kind) (*Program, *Problem) {
	p, problems := e.CompileAll(source, want)
	if len(problems) > 0 {
		return nil, problems[0]
	}
	return p, nil
}

// CompileAll is Compile for who wants to know of all mistakes, in the order in which they stand in the source. One that
// only follows from another is left out.
func (e *Env) CompileAll(source string, want Kind) (*Program, []*Problem) {
	config := e.configuration()
	tree, fixes, problems := e.repaired(source, config)
	if tree == nil {
		return nil, problems
	}
	e.natures.ask(&tree.Node)
	p := &Program{Source: source, References: references(tree.Node), env: e, pointless: findPointless(tree.Node)}
	found := e.mistakes(source, tree, config)
	if len(found) == 0 {
		found = e.typedEnds(source, tree, config)
	}
	if len(found) == 0 {
		found = e.literals(tree)
	}
	if len(found)+len(problems) > 0 {
		for _, f := range found {
			place(f, fixes)
		}
		return nil, sorted(append(problems, found...))
	}
	p.Type = e.natures.typeOf(tree.Node.Nature())
	p.constant = len(p.References) == 0
	if problem := p.check(want); problem != nil {
		return nil, []*Problem{problem}
	}
	e.natures.rewrite(&tree.Node)
	if err := optimizer.Optimize(&tree.Node, config); err != nil {
		return nil, []*Problem{syntaxProblem(source, err)}
	}
	program, err := compiler.Compile(tree, config)
	if err != nil {
		return nil, []*Problem{syntaxProblem(source, err)}
	}
	p.program = program
	return p, nil
}

func parse(source string) (ast.Node, *Problem) {
	tree, err := parser.Parse(source)
	if err != nil {
		return nil, syntaxProblem(source, err)
	}
	return tree.Node, nil
}

// check compares the type of the result with what the place wants.
func (p *Program) check(want Kind) *Problem {
	got := p.Type.Kind
	if want == Any || got == Any || got == want || want == Float && got == Int {
		return nil
	}
	cure := ""
	if want == Bool {
		cure = "; compare it with something"
	}
	return &Problem{To: len([]rune(p.Source)), Check: "result-type", Message: fmt.Sprintf("expected %s, but this expression is %s%s", want, got, cure)}
}

// Eval evaluates p. An error is a *RuntimeError. A whole number is an int, whatever it was in the scope.
func (p *Program) Eval(scope Scope) (any, error) {
	v, err := expr.Run(p.program, map[string]any(scope))
	if err != nil {
		return nil, &RuntimeError{Source: p.Source, Err: unwrap(err)}
	}
	if i, ok := v.(int64); ok {
		return int(i), nil
	}
	return v, nil
}

// RuntimeError says that an expression could not be evaluated.
type RuntimeError struct {
	Source string
	Err    error
}

// Error names the reason; the source is shown by whoever knows where it stands.
func (e *RuntimeError) Error() string { return e.Err.Error() }

// Unwrap returns the reason.
func (e *RuntimeError) Unwrap() error { return e.Err }

// Missing returns the MissingError in the chain of err, or nil: the expression asked for a field that is not there (yet).
func Missing(err error) *MissingError {
	m, _ := errors.AsType[*MissingError](err)
	return m
}

func unwrap(err error) error {
	if missing := Missing(err); missing != nil {
		return missing
	}
	if f, ok := errors.AsType[*file.Error](err); ok {
		if f.Prev != nil {
			return f.Prev
		}
		return errors.New(f.Message)
	}
	return err
}

// Steps returns the ids of the steps that p refers to, sorted.
func (p *Program) Steps() []string {
	var ids []string
	for _, r := range p.References {
		if len(r.Path) > 1 && r.Path[0] == "steps" {
			ids = append(ids, r.Path[1])
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// references collects the longest member chains that start at a name.
func references(root ast.Node) []Reference {
	c := &collector{inner: map[ast.Node]bool{}}
	ast.Walk(&root, c)
	slices.Reverse(c.found) // outermost chains were met last
	var out []Reference
	for _, f := range c.found {
		if !c.inner[f.node] {
			out = append(out, f.Reference)
		}
	}
	slices.Reverse(out)
	return out
}

type collector struct {
	inner map[ast.Node]bool // chains that are part of a longer one
	found []foundReference
}

type foundReference struct {
	node ast.Node
	Reference
}

// Visit is called bottom-up, so a longer chain is met after its parts.
func (c *collector) Visit(node *ast.Node) {
	path, ok := chain(*node)
	if _, wraps := (*node).(*ast.ChainNode); !ok || wraps {
		return
	}
	if m, ok := (*node).(*ast.MemberNode); ok {
		c.inner[m.Node] = true
	}
	loc := second(*node).Location()
	c.found = append(c.found, foundReference{node: *node, Reference: Reference{Path: path, From: loc.From, To: loc.To}})
}

// chain returns the path of a name or of plain members on a name.
func chain(n ast.Node) ([]string, bool) {
	switch n := n.(type) {
	case *ast.IdentifierNode:
		return []string{n.Value}, true
	case *ast.MemberNode:
		name, ok := n.Property.(*ast.StringNode)
		if !ok {
			return nil, false
		}
		base, ok := chain(n.Node)
		return append(base, name.Value), ok
	case *ast.ChainNode:
		return chain(n.Node)
	}
	return nil, false
}

// second returns the part of a chain that follows the name at its start, or that name when nothing follows.
func second(n ast.Node) ast.Node {
	for {
		switch chain := n.(type) {
		case *ast.ChainNode:
			n = chain.Node
		case *ast.MemberNode:
			base := chain.Node
			if c, ok := base.(*ast.ChainNode); ok {
				base = c.Node
			}
			if _, name := base.(*ast.IdentifierNode); name {
				return chain.Property
			}
			n = base
		default:
			return n
		}
	}
}

func typeOfGo(t reflect.Type) Type {
	switch {
	case t == nil:
		return AnyType
	case t == reflect.TypeFor[time.Duration]():
		return Type{Kind: Duration}
	case t == reflect.TypeFor[time.Time]():
		return Type{Kind: Time}
	}
	switch t.Kind() {
	case reflect.Bool:
		return Type{Kind: Bool}
	case reflect.Int, reflect.Int64, reflect.Int32:
		return Type{Kind: Int}
	case reflect.Float64, reflect.Float32:
		return Type{Kind: Float}
	case reflect.String:
		return Type{Kind: String}
	case reflect.Slice, reflect.Array:
		return ListOf(AnyType)
	case reflect.Map:
		return MapOf(AnyType)
	}
	return AnyType
}
