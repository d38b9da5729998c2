package eval

import (
	"fmt"
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"

	"github.com/scenario-runner/scenario-runner/engine/diag"
)

// values are the names of constants in other languages, with what is written here.
var values = map[string]string{"null": "nil", "none": "nil", "undefined": "nil", "true": "true", "false": "false", "nil": "nil"}

// roots are names that most expressions have.
var roots = []string{"vars", "steps", "secrets", "matrix", "env", "scenario"}

// unknownName proposes what was meant by a name that stands at a place.
func (e *Env) unknownName(tree ast.Node, at int, name string) string {
	names := e.names.Names()
	what := fmt.Sprintf("unknown name %q", name)
	if value, ok := values[strings.ToLower(name)]; ok && (name != "none" || !called(tree, at)) {
		return fmt.Sprintf("%s; write %s", what, value)
	}
	if slices.Contains(roots, name) {
		return fmt.Sprintf("%q can't be used here; known here: %s", name, strings.Join(names, ", "))
	}
	if near := operatorBefore(tree, at); near != "" {
		return what + near
	}
	if e.ofItem(tree, at, name) {
		return fmt.Sprintf("%s; did you mean %q? a field of the item begins with a dot", what, "."+name)
	}
	if owner := e.ownerOf(name); owner != "" && !called(tree, at) {
		return fmt.Sprintf("%s; did you mean %q?", what, owner+"."+name)
	}
	if s := diag.Suggest(name, append(names, e.functionNames()...)); s != "" {
		return fmt.Sprintf("%s; did you mean %q?", what, s)
	}
	if called(tree, at) {
		return fmt.Sprintf("no function is called %q", name)
	}
	return fmt.Sprintf("%s; known here: %s", what, strings.Join(names, ", "))
}

// ownerOf returns the name of an object that has a field of that name: vars for a var, steps for the id of a step.
func (e *Env) ownerOf(name string) string {
	for _, f := range slices.Backward(e.names.Fields) { // what a field adds stands last
		if f.Type.Kind != Object {
			continue
		}
		if _, ok := f.Type.Field(name); ok {
			return f.Name
		}
	}
	return ""
}

// called reports whether the name at a place is that of a function.
func called(tree ast.Node, at int) bool {
	_, _, ok := callAt(tree, at)
	return ok
}

// operatorBefore tells of the operators that authors take for a part of a name: web-app and web..app.
func operatorBefore(tree ast.Node, at int) string {
	n := operationBefore(tree, at)
	switch {
	case n == nil:
	case n.Operator == "-":
		return `; "-" is a minus here: a key with "-" in it is written in brackets, as in labels["my-key"]`
	case n.Operator == "..":
		return `; ".." counts from one number to another; write one dot`
	}
	return ""
}

// operationBefore returns the operation whose operator stands right before a place, without spaces around it.
func operationBefore(tree ast.Node, at int) *ast.BinaryNode {
	n, _ := find(tree, func(n ast.Node) bool {
		b, ok := n.(*ast.BinaryNode)
		if !ok || b.Location().To != at || b.Operator != "-" && b.Operator != ".." {
			return false
		}
		from, _ := span(b.Right)
		_, end := span(b.Left)
		return from == at && end == b.Location().From
	}).(*ast.BinaryNode)
	return n
}

// ofItem reports whether a name stands inside any, all, count and the like, where the items have a field of that name.
func (e *Env) ofItem(tree ast.Node, at int, name string) bool {
	found := find(tree, func(n ast.Node) bool {
		call, ok := n.(*ast.BuiltinNode)
		if !ok || len(call.Arguments) < 2 {
			return false
		}
		p, ok := call.Arguments[1].(*ast.PredicateNode)
		if !ok || find(p.Node, func(n ast.Node) bool { return n.Location().From == at }) == nil {
			return false
		}
		list := call.Arguments[0].Nature()
		return list.Ref != nil && slices.Contains(e.natures.has(list.Ref), name)
	})
	return found != nil
}

// mostProposed is how many fields are named when none is near to the one that was asked for.
const mostProposed = 12

// unknownCheck names the check that an unknown field belongs to: what scenarios declare themselves is a name or a step.
func unknownCheck(tree ast.Node, at int, name string) string {
	found := member(tree, at, name)
	if found == nil {
		return "unknown-field"
	}
	path, _ := chain(found.Node)
	switch {
	case len(path) == 1 && path[0] == "steps":
		return "unknown-step"
	case len(path) == 2 && path[0] == "steps":
		return "unknown-output"
	case len(path) == 1 && slices.Contains([]string{"vars", "secrets", "env", "matrix", "parameters"}, path[0]):
		return "unknown-name"
	}
	return "unknown-field"
}

// unknownField finds the object whose field was asked for and says what it has.
func (e *Env) unknownField(tree ast.Node, at int, name string) string {
	found := member(tree, at, name)
	if found == nil {
		return fmt.Sprintf("unknown field %q", name)
	}
	path, _ := chain(found.Node)
	what, there := fmt.Sprintf("unknown field %q of %s", name, written(found.Node)), "it has "
	if len(path) == 1 && slices.Contains([]string{"steps", "vars", "secrets", "env"}, path[0]) {
		there = "there is "
	}
	switch {
	case len(path) == 1 && path[0] == "steps":
		what = fmt.Sprintf("no step has the id %q", name)
	case len(path) == 2 && path[0] == "steps":
		what = fmt.Sprintf("unknown output %q of step %q", name, path[1])
	case len(path) == 1 && path[0] == "vars":
		what = fmt.Sprintf("no var is called %q", name)
	case len(path) == 1 && path[0] == "secrets":
		what = fmt.Sprintf("no secret is called %q", name)
	case len(path) == 1 && path[0] == "env":
		what = fmt.Sprintf("expressions may not read the variable %q; allow it with --allow-env %s", name, name)
	}
	has := e.fieldsAt(path) // in the order of their declaration
	if has == nil {
		has = e.natures.has(found.Node.Nature())
	}
	if len(has) == 0 {
		return what
	}
	if s := diag.Suggest(name, has); s != "" {
		what += fmt.Sprintf("; did you mean %q?", s)
		if len(has) > 1 && len(has) <= 8 {
			what += " " + there + strings.Join(has, ", ")
		}
		return what
	}
	what += "; " + there + strings.Join(has[:min(len(has), mostProposed)], ", ")
	if more := len(has) - mostProposed; more > 0 {
		what += fmt.Sprintf(" and %d more", more)
	}
	return what
}

// fieldsAt returns the names of the fields of what a path of plain members leads to.
func (e *Env) fieldsAt(path []string) []string {
	if len(path) == 0 {
		return nil
	}
	t := e.names
	for _, p := range path {
		f, ok := t.Field(p)
		if !ok {
			return nil
		}
		t = f.Type
	}
	return t.Names()
}

// member finds the access to a field of that name about which the checker complained at a place.
func member(tree ast.Node, at int, name string) *ast.MemberNode {
	finder := &memberAt{at: at, name: name}
	ast.Walk(&tree, finder)
	return finder.found
}

// propertyAt finds the access by name whose property stands at a place.
func propertyAt(tree ast.Node, at int) (*ast.MemberNode, bool) {
	finder := &memberAt{at: at}
	ast.Walk(&tree, finder)
	return finder.found, finder.found != nil
}

type memberAt struct {
	at    int
	name  string // "" for any, if it stands exactly there
	found *ast.MemberNode
}

// Visit keeps the access whose property stands where the checker complained.
func (m *memberAt) Visit(node *ast.Node) {
	n, ok := (*node).(*ast.MemberNode)
	if !ok {
		return
	}
	p, ok := n.Property.(*ast.StringNode)
	if !ok {
		return
	}
	exact := p.Location().From == m.at || n.Location().From == m.at
	if exact && (m.name == "" || p.Value == m.name) || m.found == nil && p.Value == m.name {
		m.found = n
	}
}

// word is the name that a member has, when it is plain.
func word(n *ast.MemberNode) string {
	name, _ := n.Property.(*ast.StringNode)
	return name.Value
}

// written writes a node as the author did.
func written(n ast.Node) string { return (&strictAccess{}).text(n) }
