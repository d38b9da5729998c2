package eval

import (
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
)

// nowhere marks the position of an item that first or last asks for.
var nowhere = file.Location{From: -1, To: -1}

// ends turns first(list) and last(list) into the choice of an item, where the type of the items is known: the builtin
// functions of expr give values of which nothing is known. Where the list is empty the value is nil all the same.
type ends struct{ found bool }

// Visit replaces one call.
func (e *ends) Visit(node *ast.Node) {
	call, ok := (*node).(*ast.BuiltinNode)
	if !ok || len(call.Arguments) != 1 || call.Name != "first" && call.Name != "last" {
		return
	}
	list := call.Arguments[0].Nature()
	if !list.IsArray() || list.Ref == nil {
		return
	}
	at := &ast.IntegerNode{}
	if call.Name == "last" {
		at.Value = -1
	}
	at.SetLocation(nowhere)
	item := &ast.MemberNode{Node: call.Arguments[0], Property: at}
	item.SetLocation(call.Location())
	*node, e.found = item, true
}

// endOf returns the name of the function that the choice of an item stands for, "" when an author chose it.
func endOf(m *ast.MemberNode) string {
	at, ok := m.Property.(*ast.IntegerNode)
	switch {
	case !ok || at.Location() != nowhere:
		return ""
	case at.Value < 0:
		return "last"
	}
	return "first"
}
