package eval

import (
	"reflect"
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"
)

// Constant reports whether p has the same value in every run, and that value.
func (p *Program) Constant() (value any, constant bool) {
	tree, problem := parse(p.Source)
	if problem != nil || !leavesOf(tree).fixed {
		return nil, false
	}
	v, err := p.Eval(Scope{})
	return v, err == nil
}

// Roots returns the names at which the values that p looks at start, sorted.
func (p *Program) Roots() []string {
	var roots []string
	for _, r := range p.References {
		roots = append(roots, r.Path[0])
	}
	slices.Sort(roots)
	return slices.Compact(roots)
}

// Pointless finds the comparisons in p that have the same outcome whatever is observed: of a thing with itself, and of
// values that the expression itself holds.
func (p *Program) Pointless() []*Problem { return p.pointless }

// findPointless looks at a tree as the author wrote it.
func findPointless(tree ast.Node) []*Problem {
	f := &pointless{}
	ast.Walk(&tree, f)
	return f.found
}

type pointless struct{ found []*Problem }

// Visit looks at the comparisons of a tree.
func (f *pointless) Visit(node *ast.Node) {
	n, ok := (*node).(*ast.BinaryNode)
	if !ok || !slices.Contains([]string{"==", "!=", "<", "<=", ">", ">="}, n.Operator) {
		return
	}
	report := func(message string) {
		from, to := extent(n)
		f.found = append(f.found, &Problem{From: from, To: to, Check: "constant-condition", Message: message})
	}
	has := leavesOf(n)
	switch {
	case has.fixed:
		report("this comparison has the same outcome every time: both sides are written here")
	case !has.calls && reflect.TypeOf(n.Left) == reflect.TypeOf(n.Right) && n.Left.String() == n.Right.String():
		outcome := "false"
		if strings.Contains(n.Operator, "=") && n.Operator != "!=" {
			outcome = "true"
		}
		report("this is always " + outcome + ": it compares " + n.Left.String() + " with itself")
	}
}

// leaves says what a tree holds.
type leaves struct {
	fixed bool // nothing but literals and operators
	calls bool // a function is called: two calls need not give the same
}

func leavesOf(n ast.Node) leaves {
	l := &leaves{fixed: true}
	ast.Walk(&n, l)
	return *l
}

// Visit looks for what is not the same every time.
func (l *leaves) Visit(node *ast.Node) {
	switch (*node).(type) {
	case *ast.IdentifierNode, *ast.PointerNode, *ast.VariableDeclaratorNode:
		l.fixed = false
	case *ast.CallNode, *ast.BuiltinNode:
		l.fixed, l.calls = false, true
	}
}

// extent returns where a tree starts and ends, as far as its nodes know.
func extent(n ast.Node) (from, to int) {
	e := &stretch{from: n.Location().From, to: n.Location().To}
	ast.Walk(&n, e)
	return e.from, e.to
}

type stretch struct{ from, to int }

// Visit widens the stretch by a node.
func (s *stretch) Visit(node *ast.Node) {
	at := (*node).Location()
	s.from, s.to = min(s.from, at.From), max(s.to, at.To)
}
