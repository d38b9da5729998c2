package eval

import (
	"fmt"
	"reflect"

	"github.com/expr-lang/expr/ast"
)

// fieldFunction is what `a.b` is compiled to when the type of a is not known before the run. Its name can't be typed.
const fieldFunction = "‹field›"

// MissingError says that an expression asked for a field that is not there. In plain expr it would be nil, and a claim
// such as `object.status.errors != 3` would be true for every object that has no such field.
type MissingError struct {
	Of, Name string
	Has      []string // what is there instead, sorted
	Nil      bool     // Of itself is nil
	Item     bool     // Of is a list, Name a position, and Has has an empty text for each item
}

// Error names the field, what is there instead, and what to write where the field may be absent.
func (e *MissingError) Error() string {
	if e.Nil || e.Item {
		return fmt.Sprintf("%s (write %s where it may be absent)", e.Found(), e.Absent())
	}
	has := "it is empty"
	if len(e.Has) > 0 {
		has = "it has " + e.There()
	}
	return fmt.Sprintf("%s; %s (where it may be absent write `%s`)", e.Found(), has, e.Absent())
}

// strictAccess rewrites `a.b` with a of unknown type to field(a, b). Inside `?.` chains and on the left of `??` the author
// has said that the field may be absent, so there the plain access is put back. A field that the type of a has is
// rewritten everywhere, because it may be absent and means its zero value then.
type strictAccess struct {
	natures *natures
	plain   map[ast.Node]ast.Node // rewritten call -> original access
	texts   map[ast.Node]string   // what computed values were written as
}

// rewrite makes the accesses of a checked tree strict.
func (n *natures) rewrite(tree *ast.Node) {
	s := &strictAccess{natures: n, plain: map[ast.Node]ast.Node{}, texts: map[ast.Node]string{}}
	ast.Walk(tree, texts(s.texts))
	ast.Walk(tree, s)
	ast.Walk(tree, equality{})
	ast.Walk(tree, eraser{})
}

// texts keeps how values were written of which a field is asked, before something in them is rewritten.
type texts map[ast.Node]string

// Visit keeps the text of a value that is computed.
func (t texts) Visit(node *ast.Node) {
	m, ok := (*node).(*ast.MemberNode)
	if !ok {
		return
	}
	switch m.Node.(type) {
	case *ast.MemberNode, *ast.IdentifierNode, *ast.PointerNode:
	default:
		t[m.Node] = m.Node.String()
	}
	switch m.Property.(type) {
	case *ast.StringNode, *ast.IntegerNode, *ast.IdentifierNode:
	default:
		t[m.Property] = m.Property.String()
	}
}

// Visit is called bottom-up.
func (s *strictAccess) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.MemberNode:
		if a, ok := s.applies(n); ok {
			s.replace(node, n, fieldFunction, n.Node, &ast.ConstantNode{Value: a})
		} else if a, ok := s.chooses(n); ok {
			s.replace(node, n, itemFunction, n.Node, n.Property, &ast.ConstantNode{Value: a})
		}
	case *ast.ChainNode:
		s.restore(&n.Node)
	case *ast.BinaryNode:
		s.binary(n)
	case *ast.CallNode:
		if m, ok := s.plain[n.Callee]; ok { // a method, as in took.Seconds()
			n.Callee = m
		}
	}
}

// replace puts a call in the place of an access. The value on which it is made comes first: a ?. in it jumps over the call.
func (s *strictAccess) replace(node *ast.Node, n *ast.MemberNode, function string, arguments ...ast.Node) {
	call := &ast.CallNode{Callee: &ast.IdentifierNode{Value: function}, Arguments: arguments}
	ast.Patch(node, call)
	call.SetNature(*n.Nature())
	s.plain[call] = n
}

// chooses returns what is known of the choice of an item of a list.
func (s *strictAccess) chooses(n *ast.MemberNode) (*access, bool) {
	if _, named := n.Property.(*ast.StringNode); named || n.Optional || n.Method {
		return nil, false
	}
	base := n.Node.Nature()
	unknown := base.Type == nil || base.Kind == reflect.Interface
	return &access{of: s.text(n.Node), optional: endOf(n) != ""}, base.IsArray() || unknown
}

// binary says of the operands that may be nil that they may.
func (s *strictAccess) binary(n *ast.BinaryNode) {
	_, leftNil := n.Left.(*ast.NilNode)
	_, rightNil := n.Right.(*ast.NilNode)
	switch {
	case n.Operator == "??":
		s.restore(&n.Left)
		optional(n.Left)
	case n.Operator != "==" && n.Operator != "!=":
	case leftNil:
		optional(n.Right)
	case rightNil:
		optional(n.Left)
	}
}

// optional makes a rewritten access give nil, and not the zero value, when the field is absent.
func optional(n ast.Node) {
	if chain, ok := n.(*ast.ChainNode); ok {
		n = chain.Node
	}
	if a := accessOf(n); a != nil {
		a.zero, a.optional = Any, true
	}
}

// accessOf returns the access of a rewritten node, nil for any other.
func accessOf(n ast.Node) *access {
	call, ok := n.(*ast.CallNode)
	if !ok || len(call.Arguments) == 0 {
		return nil
	}
	constant, ok := call.Arguments[len(call.Arguments)-1].(*ast.ConstantNode)
	if !ok {
		return nil
	}
	a, _ := constant.Value.(*access)
	return a
}

// applies returns what is known of an access that has to be rewritten.
func (s *strictAccess) applies(n *ast.MemberNode) (*access, bool) {
	name, ok := n.Property.(*ast.StringNode)
	if !ok || n.Optional || n.Method {
		return nil, false
	}
	if id, ok := n.Node.(*ast.IdentifierNode); ok && id.Value == "$env" {
		return nil, false
	}
	a := &access{of: s.text(n.Node), name: name.Value}
	base := n.Node.Nature()
	if l, ok := s.natures.known(base); ok {
		f, has := l.field(name.Value)
		a.known, a.zero = has, f.Type.Kind
		if inner, ok := n.Node.(*ast.MemberNode); ok {
			a.through = inner.Optional // if what is left of ?. were absent, the chain would have ended there
		}
		return a, true
	}
	if end, ok := s.plain[n.Node].(*ast.MemberNode); ok && endOf(end) != "" {
		return a, true // of an empty list there is none
	}
	if base.Type == nil {
		return a, true
	}
	return a, base.Kind == reflect.Interface || base.Kind == reflect.Map && (base.TypeData == nil || !base.Strict)
}

// text writes a rewritten node as the author did.
func (s *strictAccess) text(n ast.Node) string {
	if m, ok := s.plain[n].(*ast.MemberNode); ok {
		return s.member(m)
	}
	if m, ok := n.(*ast.MemberNode); ok {
		return s.member(m)
	}
	if _, ok := n.(*ast.PointerNode); ok {
		return "item"
	}
	if text, ok := s.texts[n]; ok {
		return text
	}
	return n.String()
}

// member writes an access as the author did.
func (s *strictAccess) member(m *ast.MemberNode) string {
	if end := endOf(m); end != "" {
		return end + "(" + s.text(m.Node) + ")"
	}
	if name, ok := m.Property.(*ast.StringNode); ok && identifier(name.Value) {
		return s.text(m.Node) + "." + name.Value
	}
	return s.text(m.Node) + "[" + s.text(m.Property) + "]"
}

func (s *strictAccess) restore(node *ast.Node) { ast.Walk(node, restorer{s}) }

type restorer struct{ *strictAccess }

// Visit puts the plain access back where nothing is known of the field.
func (r restorer) Visit(node *ast.Node) {
	if m, ok := r.plain[*node].(*ast.MemberNode); ok {
		a := accessOf(*node)
		if _, named := m.Property.(*ast.StringNode); a == nil || a.known || !named {
			if a != nil && !named {
				a.optional = true
			}
			return
		}
		if call, ok := (*node).(*ast.CallNode); ok {
			m.Node = call.Arguments[0] // it may have been put back itself
		}
		*node = m
	}
}

func identifier(s string) bool {
	for i, r := range s {
		letter := r == '_' || r == '$' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		if !letter && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return s != ""
}
