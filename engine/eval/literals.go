package eval

import (
	"fmt"
	"slices"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/builtin"
	"github.com/expr-lang/expr/parser"
)

// told are the builtin functions of expr whose text argument can be wrong.
var told = []string{"int", "float", "date", "fromJSON", "fromBase64"}

// literals finds what is known to go wrong in every run: a function that does not understand the literal it is given,
// and a value that is thrown away.
func (e *Env) literals(tree *parser.Tree) []*Problem {
	c := &literals{env: e}
	ast.Walk(&tree.Node, c)
	return c.problems
}

type literals struct {
	env      *Env
	problems []*Problem
}

// Visit looks at calls and sequences.
func (c *literals) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.CallNode:
		callee, ok := n.Callee.(*ast.IdentifierNode)
		if !ok {
			return
		}
		i := slices.IndexFunc(c.env.functions, func(f Function) bool { return f.Name == callee.Value })
		if i >= 0 {
			c.call(n.Arguments, c.env.functions[i].Func)
		}
	case *ast.BuiltinNode:
		if i, ok := builtin.Index[n.Name]; ok && slices.Contains(told, n.Name) && allText(n.Arguments) {
			c.call(n.Arguments, calling(builtin.Builtins[i]))
		}
	case *ast.SequenceNode:
		from, to := span(n.Nodes[0])
		c.problems = append(c.problems, &Problem{
			From: from, To: to, Check: "expression-syntax", Message: "what stands before ; is thrown away; join conditions with and",
		})
	}
}

// call tries a function on literals.
func (c *literals) call(arguments []ast.Node, f func(...any) (any, error)) {
	values := make([]any, len(arguments))
	for i, a := range arguments {
		v, ok := literal(a)
		if !ok {
			return
		}
		values[i] = v
	}
	if len(values) == 0 {
		return
	}
	if _, err := f(values...); err != nil {
		from, _ := span(arguments[0])
		_, to := span(arguments[len(arguments)-1])
		c.problems = append(c.problems, &Problem{From: from, To: to, Check: "invalid-value", Message: lowerStart(err.Error())})
	}
}

func allText(arguments []ast.Node) bool {
	return !slices.ContainsFunc(arguments, func(n ast.Node) bool { _, ok := n.(*ast.StringNode); return !ok })
}

// calling returns a builtin function of expr as one that reports what it panics about.
func calling(f *builtin.Function) func(...any) (any, error) {
	return func(arguments ...any) (v any, err error) {
		defer func() {
			if p := recover(); p != nil {
				err = fmt.Errorf("%v", p)
			}
			if err != nil {
				err = fmt.Errorf("%s can't read %q", f.Name, arguments[0])
			}
		}()
		if f.Fast != nil {
			return f.Fast(arguments[0]), nil
		}
		return f.Func(arguments...)
	}
}

func literal(n ast.Node) (any, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.IntegerNode:
		return n.Value, true
	case *ast.FloatNode:
		return n.Value, true
	case *ast.BoolNode:
		return n.Value, true
	}
	return nil, false
}
