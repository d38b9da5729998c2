package eval

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

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
}

// Error names the field and what is there instead.
func (e *MissingError) Error() string {
	if e.Nil {
		return fmt.Sprintf("%s is nothing, so it has no %q (write %s?.%s where it may be absent)", e.Of, e.Name, e.Of, e.Name)
	}
	has := "it is empty"
	if n := len(e.Has); n > 0 {
		has = "it has " + strings.Join(e.Has[:min(n, 12)], ", ")
		if n > 12 {
			has += fmt.Sprintf(" and %d more", n-12)
		}
	}
	return fmt.Sprintf("%s has no field %q; %s (where it may be absent write `%s.%s ?? …`)", e.Of, e.Name, has, e.Of, e.Name)
}

// field is the run-time half of strict access: field(base, name, text of base).
func field(args ...any) (any, error) {
	name, _ := args[1].(string)
	of, _ := args[2].(string)
	switch base := args[0].(type) {
	case map[string]any:
		v, ok := base[name]
		if !ok {
			has := make([]string, 0, len(base))
			for k := range base {
				has = append(has, k)
			}
			slices.Sort(has)
			return nil, &MissingError{Of: of, Name: name, Has: has}
		}
		return v, nil
	case nil:
		return nil, &MissingError{Of: of, Name: name, Nil: true}
	}
	v := reflect.ValueOf(args[0])
	if v.Kind() == reflect.Map && v.Type().Key().Kind() == reflect.String {
		if e := v.MapIndex(reflect.ValueOf(name).Convert(v.Type().Key())); e.IsValid() {
			return e.Interface(), nil
		}
		return nil, &MissingError{Of: of, Name: name}
	}
	return nil, fmt.Errorf("%s is %s, which has no field %q", of, describe(args[0]), name)
}

func describe(v any) string {
	switch v := v.(type) {
	case string:
		return "text"
	case bool:
		return "true or false"
	case int, int64, float64:
		return "a number"
	case []any:
		return "a list"
	default:
		return fmt.Sprintf("a %T", v)
	}
}

// strictAccess rewrites `a.b` with a of unknown type to field(a, "b", "a"). Inside `?.` chains and on the left of `??`
// the author has said that the field may be absent, so there the plain access is put back.
type strictAccess struct {
	plain map[ast.Node]ast.Node // rewritten call -> original access
}

// Visit is called bottom-up.
func (s *strictAccess) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.MemberNode:
		if s.applies(n) {
			call := &ast.CallNode{
				Callee:    &ast.IdentifierNode{Value: fieldFunction},
				Arguments: []ast.Node{n.Node, n.Property, &ast.StringNode{Value: s.text(n.Node)}},
			}
			ast.Patch(node, call)
			s.plain[call] = n
		}
	case *ast.ChainNode:
		s.restore(&n.Node)
	case *ast.BinaryNode:
		if n.Operator == "??" {
			s.restore(&n.Left)
		}
	case *ast.CallNode:
		if m, ok := s.plain[n.Callee]; ok { // a method, as in took.Seconds()
			n.Callee = m
		}
	}
}

func (s *strictAccess) applies(n *ast.MemberNode) bool {
	if _, ok := n.Property.(*ast.StringNode); !ok || n.Optional || n.Method {
		return false
	}
	if id, ok := n.Node.(*ast.IdentifierNode); ok && id.Value == "$env" {
		return false
	}
	base := n.Node.Nature()
	if _, rewritten := s.plain[n.Node]; rewritten || base.Type == nil {
		return true
	}
	return base.Kind == reflect.Interface || base.Kind == reflect.Map && (base.TypeData == nil || !base.Strict)
}

// text writes a rewritten node as the author did.
func (s *strictAccess) text(n ast.Node) string {
	if m, ok := s.plain[n].(*ast.MemberNode); ok {
		name := m.Property.(*ast.StringNode).Value
		if !identifier(name) {
			return fmt.Sprintf("%s[%q]", s.text(m.Node), name)
		}
		return s.text(m.Node) + "." + name
	}
	if m, ok := n.(*ast.MemberNode); ok {
		if name, ok := m.Property.(*ast.StringNode); ok && identifier(name.Value) {
			return s.text(m.Node) + "." + name.Value
		}
		return s.text(m.Node) + "[" + m.Property.String() + "]"
	}
	if _, ok := n.(*ast.PointerNode); ok {
		return "item"
	}
	return n.String()
}

func (s *strictAccess) restore(node *ast.Node) { ast.Walk(node, restorer{s}) }

type restorer struct{ *strictAccess }

func (r restorer) Visit(node *ast.Node) {
	if m, ok := r.plain[*node].(*ast.MemberNode); ok {
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
