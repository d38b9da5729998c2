package eval

import (
	"maps"
	"reflect"
	"slices"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/checker/nature"
)

// natures turns types into the terms of expr. It is shared by an Env and all that are made from it. Objects whose fields
// are found out on demand get the fields whose names were asked for so far, which is all that a check looks at.
type natures struct {
	asked map[string]bool
	names []string // keys of asked, in order
	made  map[*lazy]*nature.TypeData
	types map[*nature.TypeData]*lazy
	order []*lazy                   // keys of made
	at    map[*Field]map[string]int // positions of names, by the first field of an object
}

func newNatures() *natures {
	return &natures{asked: map[string]bool{}, made: map[*lazy]*nature.TypeData{}, types: map[*nature.TypeData]*lazy{}}
}

var (
	anyList   = reflect.TypeFor[[]any]()
	anyObject = reflect.TypeFor[map[string]any]()
)

// of returns t in the terms of expr. Objects are strict maps.
func (n *natures) of(t Type) nature.Nature {
	switch t.Kind {
	case List:
		list := nature.FromType(anyList)
		if t.Elem != nil && t.Elem.Kind != Any {
			elem := n.of(*t.Elem)
			list.Ref = &elem
		}
		return list
	case Object:
		object := nature.FromType(anyObject)
		object.Strict = true
		if t.lazy != nil {
			object.TypeData = n.data(t.lazy)
			return object
		}
		object.TypeData = &nature.TypeData{Fields: make(map[string]nature.Nature, len(t.Fields))}
		for _, f := range t.Fields {
			object.Fields[f.Name] = n.of(f.Type)
		}
		return object
	case Map:
		object := nature.FromType(anyObject)
		if t.Elem != nil && t.Elem.Kind != Any {
			elem := n.of(*t.Elem)
			object.TypeData = &nature.TypeData{DefaultMapValue: &elem}
		}
		return object
	}
	return nature.FromType(t.Kind.goType())
}

// data returns the one set of fields of an object type. It is known before it is filled, because a type may contain itself.
func (n *natures) data(l *lazy) *nature.TypeData {
	if known, ok := n.made[l]; ok {
		return known
	}
	data := &nature.TypeData{Fields: map[string]nature.Nature{}}
	n.made[l], n.types[data] = data, l
	n.order = append(n.order, l)
	for _, name := range n.names {
		n.fill(l, data, name)
	}
	return data
}

func (n *natures) fill(l *lazy, data *nature.TypeData, name string) {
	if f, ok := l.field(name); ok {
		data.Fields[name] = n.of(f.Type)
	}
}

// ask makes the members that an expression names known in all objects.
func (n *natures) ask(tree *ast.Node) {
	if len(n.order) == 0 && len(n.names) == 0 {
		return // nothing here is found out on demand
	}
	ast.Walk(tree, n)
}

// Visit asks for one member.
func (n *natures) Visit(node *ast.Node) {
	m, ok := (*node).(*ast.MemberNode)
	if !ok {
		return
	}
	name, ok := m.Property.(*ast.StringNode)
	if !ok || n.asked[name.Value] {
		return
	}
	n.asked[name.Value] = true
	n.names = append(n.names, name.Value)
	for _, l := range n.order[:len(n.order):len(n.order)] { // those that are made meanwhile know the name already
		n.fill(l, n.made[l], name.Value)
	}
}

// known returns the type of a nature when it is an object whose fields are found out on demand.
func (n *natures) known(of *nature.Nature) (*lazy, bool) {
	if of.TypeData == nil {
		return nil, false
	}
	l, ok := n.types[of.TypeData]
	return l, ok
}

// typeOf turns a nature back. Whole numbers inside a list stay unknown: their Go type may be any.
func (n *natures) typeOf(of *nature.Nature) Type {
	if l, ok := n.known(of); ok {
		return Type{Kind: Object, lazy: l}
	}
	t := typeOfGo(of.Type)
	if t.Kind == List && of.Ref != nil {
		if elem := n.typeOf(of.Ref); elem.Kind != Int {
			return ListOf(elem)
		}
	}
	return t
}

// position returns where an object has a field. Objects of thousands of steps are refined once for each of them.
func (n *natures) position(fields []Field, name string) (int, bool) {
	if len(fields) == 0 {
		return 0, false
	}
	positions, known := n.at[&fields[0]]
	if !known {
		positions = make(map[string]int, len(fields))
		for i := range fields {
			positions[fields[i].Name] = i
		}
		if n.at == nil {
			n.at = map[*Field]map[string]int{}
		}
		n.at[&fields[0]] = positions
	}
	i, ok := positions[name]
	return i, ok
}

// has returns the names that an object has.
func (n *natures) has(of *nature.Nature) []string {
	if l, ok := n.known(of); ok {
		return Type{Kind: Object, lazy: l}.Names()
	}
	if of.TypeData == nil || !of.Strict {
		return nil
	}
	return slices.Sorted(maps.Keys(of.Fields))
}

// eraser takes from the tree what the compiler of expr would rely on although values may differ: a whole number of
// Kubernetes is an int64, and what `?.` leads to may be nil.
type eraser struct{}

// Visit forgets the type of anything that is a number or text and no literal.
func (eraser) Visit(node *ast.Node) {
	switch (*node).(type) {
	case *ast.IntegerNode, *ast.FloatNode, *ast.StringNode, *ast.ConstantNode:
		return
	}
	if of := (*node).Nature(); of.IsInteger || of.IsFloat || of.Kind == reflect.String {
		(*node).SetNature(nature.Nature{})
	}
}
