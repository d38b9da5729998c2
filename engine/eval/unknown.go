package eval

import (
	"fmt"
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"

	"github.com/scenario-runner/scenario-runner/engine/diag"
)

func (e *Env) unknownName(name string) string {
	names := e.names.Names()
	if s := diag.Suggest(name, append(names, e.functionNames()...)); s != "" {
		return fmt.Sprintf("unknown name %q; did you mean %q?", name, s)
	}
	return fmt.Sprintf("unknown name %q; known here: %s", name, strings.Join(names, ", "))
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
	what := fmt.Sprintf("unknown field %q of %s", name, written(found.Node))
	switch {
	case len(path) == 1 && path[0] == "steps":
		what = fmt.Sprintf("no step has the id %q", name)
	case len(path) == 2 && path[0] == "steps":
		what = fmt.Sprintf("unknown output %q of step %q", name, path[1])
	case len(path) == 1 && path[0] == "vars":
		what = fmt.Sprintf("no var is called %q", name)
	}
	has := e.natures.has(found.Node.Nature())
	if has == nil {
		has = e.fieldsAt(path)
	}
	if len(has) == 0 {
		return what
	}
	if s := diag.Suggest(name, has); s != "" {
		what += fmt.Sprintf("; did you mean %q?", s)
		if len(has) > 1 && len(has) <= 8 {
			what += " it has " + strings.Join(has, ", ")
		}
		return what
	}
	what += "; it has " + strings.Join(has[:min(len(has), mostProposed)], ", ")
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
