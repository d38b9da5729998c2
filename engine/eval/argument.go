package eval

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/builtin"
)

// forms returns the signatures of a function, of ours or of expr.
func (e *Env) forms(function string) []reflect.Type {
	var types []any
	if i := slices.IndexFunc(e.functions, func(f Function) bool { return f.Name == function }); i >= 0 {
		types = e.functions[i].Types
	} else if i, ok := builtin.Index[function]; ok {
		for _, t := range builtin.Builtins[i].Types {
			types = append(types, t)
		}
	}
	forms := make([]reflect.Type, 0, len(types))
	for _, form := range types {
		t, ok := form.(reflect.Type)
		if !ok {
			t = reflect.TypeOf(form)
		}
		if t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		forms = append(forms, t)
	}
	return forms
}

// argumentCount tells how many arguments a function takes, or which one is wrong when another of its forms takes as many.
func (m *mistake) argumentCount(found []string) {
	name, given, ok := callAt(m.tree, m.at)
	if !ok || m.otherForm(name, given) {
		return
	}
	least, most := m.env.counts(name)
	if least < 0 {
		least, _ = strconv.Atoi(found[1])
		most = least
	}
	m.say("%s takes %s, and here %s", name, arguments(least, most), are(len(given)))
}

// counts returns how many arguments a function takes at least and at most; -1 when its forms are not known.
func (e *Env) counts(name string) (least, most int) {
	least = -1
	for _, form := range e.forms(name) {
		n := form.NumIn()
		if form.IsVariadic() {
			n, most = n-1, anyNumber
		}
		if least < 0 || n < least {
			least = n
		}
		most = max(most, n)
	}
	return least, most
}

// anyNumber is what a function takes at most that takes any number of arguments.
const anyNumber = 1 << 16

// otherForm names the argument that does not fit into the form of a function that takes as many.
func (m *mistake) otherForm(name string, given []ast.Node) bool {
	for _, form := range m.env.forms(name) {
		if form.NumIn() != len(given) || form.IsVariadic() {
			continue
		}
		for i, argument := range given {
			t := argument.Nature().Type
			if t == nil || t.AssignableTo(form.In(i)) {
				continue
			}
			m.From, m.To = span(argument)
			m.say("%s needs %s here, and this is %s", name, speak(form.In(i).String()), speak(t.String()))
			return true
		}
	}
	return false
}

func arguments(least, most int) string {
	switch {
	case most == anyNumber:
		return fmt.Sprintf("%d or more arguments", least)
	case least != most:
		return fmt.Sprintf("%d to %d arguments", least, most)
	case least == 1:
		return "1 argument"
	}
	return fmt.Sprintf("%d arguments", least)
}

func are(n int) string {
	switch n {
	case 0:
		return "is none"
	case 1:
		return "is 1"
	}
	return fmt.Sprintf("are %d", n)
}

// finder keeps the first node that satisfies a condition.
type finder struct {
	is    func(ast.Node) bool
	found ast.Node
}

// Visit keeps the node.
func (f *finder) Visit(node *ast.Node) {
	if f.found == nil && f.is(*node) {
		f.found = *node
	}
}

func find(tree ast.Node, is func(ast.Node) bool) ast.Node {
	f := &finder{is: is}
	ast.Walk(&tree, f)
	return f.found
}

// callAt returns the name of the function that is called at a place and how many arguments it is given.
func callAt(tree ast.Node, at int) (name string, given []ast.Node, ok bool) {
	found := find(tree, func(n ast.Node) bool {
		switch n.(type) {
		case *ast.CallNode, *ast.BuiltinNode:
			return n.Location().From == at
		}
		return false
	})
	switch n := found.(type) {
	case *ast.BuiltinNode:
		return n.Name, n.Arguments, true
	case *ast.CallNode:
		if callee, ok := n.Callee.(*ast.IdentifierNode); ok {
			return callee.Value, n.Arguments, true
		}
	}
	return "", nil, false
}

func builtinAt(tree ast.Node, at int) *ast.BuiltinNode {
	n, _ := find(tree, func(n ast.Node) bool {
		b, ok := n.(*ast.BuiltinNode)
		return ok && b.Location().From == at
	}).(*ast.BuiltinNode)
	return n
}

func predicateAt(tree ast.Node, at int) *ast.PredicateNode {
	n, _ := find(tree, func(n ast.Node) bool {
		p, ok := n.(*ast.PredicateNode)
		return ok && p.Location().From == at
	}).(*ast.PredicateNode)
	return n
}

// span returns where a part of an expression begins and ends, outer brackets left out.
func span(n ast.Node) (from, to int) {
	at := n.Location()
	s := &spans{from: at.From, to: at.To}
	ast.Walk(&n, s)
	return s.from, s.to
}

type spans struct{ from, to int }

// Visit widens the stretch.
func (s *spans) Visit(node *ast.Node) {
	at := (*node).Location()
	if at.To > at.From {
		s.from, s.to = min(s.from, at.From), max(s.to, at.To)
	}
}
