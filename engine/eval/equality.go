package eval

import (
	"reflect"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/vm/runtime"
)

// equalFunction is what `a == b` is compiled to when both may be lists or mappings. Its name can't be typed.
const equalFunction = "‹equal›"

// equal is the run-time half of comparisons. In plain expr, lists and mappings are equal only when their numbers have the same Go
// type: what is read of an object (int64) would differ from what a step keeps of it, and from what an author writes (int).
func equal(args ...any) (any, error) { return same(args[0], args[1]), nil }

func same(a, b any) bool {
	switch x := a.(type) {
	case []any:
		y, ok := b.([]any)
		if !ok || len(x) != len(y) {
			return runtime.Equal(a, b)
		}
		for i := range x {
			if !same(x[i], y[i]) {
				return false
			}
		}
		return true
	case map[string]any:
		y, ok := b.(map[string]any)
		if !ok || len(x) != len(y) {
			return runtime.Equal(a, b)
		}
		for key, value := range x { // the order makes no difference
			if other, ok := y[key]; !ok || !same(value, other) {
				return false
			}
		}
		return true
	}
	return runtime.Equal(a, b)
}

// equality rewrites the comparisons that may be about lists or mappings.
type equality struct{}

// Visit is called bottom-up.
func (equality) Visit(node *ast.Node) {
	n, ok := (*node).(*ast.BinaryNode)
	if !ok || n.Operator != "==" && n.Operator != "!=" || !composite(n.Left) || !composite(n.Right) {
		return
	}
	nature := *n.Nature()
	var out ast.Node = &ast.CallNode{Callee: &ast.IdentifierNode{Value: equalFunction}, Arguments: []ast.Node{n.Left, n.Right}}
	out.SetNature(nature)
	if n.Operator == "!=" {
		out = &ast.UnaryNode{Operator: "not", Node: out}
		out.SetNature(nature)
	}
	ast.Patch(node, out)
}

// composite reports whether a value may be a list or a mapping.
func composite(n ast.Node) bool {
	switch n.(type) {
	case *ast.NilNode, *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.StringNode:
		return false
	}
	nature := n.Nature()
	if nature.Type == nil {
		return true
	}
	switch nature.Kind {
	case reflect.Interface, reflect.Map, reflect.Slice, reflect.Array:
		return true
	}
	return false
}
