package eval

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/expr-lang/expr/ast"
)

// decimal is a number as an author writes it in an expression.
var decimal = regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?$`)

// unquoted proposes a literal without its quotes, where the other side is what it would be then.
func (m *mistake) unquoted(left, right string) string {
	operation := operationAt(m.tree, m.at)
	if operation == nil {
		return ""
	}
	text, other := operation.Right, left
	if left == "string" {
		text, other = operation.Left, right
	}
	literal, ok := text.(*ast.StringNode)
	if !ok {
		return ""
	}
	numeric := strings.HasPrefix(other, "int") || strings.HasPrefix(other, "float")
	if numeric && decimal.MatchString(literal.Value) || other == "bool" && (literal.Value == "true" || literal.Value == "false") {
		return fmt.Sprintf("; write %s, without quotes", literal.Value)
	}
	return ""
}

// operationAt returns the operation whose operator stands at a place.
func operationAt(tree ast.Node, at int) *ast.BinaryNode {
	n, _ := find(tree, func(n ast.Node) bool {
		b, ok := n.(*ast.BinaryNode)
		return ok && b.Location().From == at
	}).(*ast.BinaryNode)
	return n
}
