package kube

import (
	"slices"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/parser"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube/kinds"
)

// Root is a name in expressions that stands for objects.
type Root struct {
	Ref  Ref
	List bool // of several objects
}

// Amounts advises on conditions that compare amounts such as 256Mi as texts: by their order, which is that of letters,
// or with a spelling that the server never uses.
func Amounts(p *step.Problems, path string, program *eval.Program, roots map[string]Root) {
	if program == nil || len(roots) == 0 {
		return
	}
	p.Later(func(p *step.Problems, _ step.Whole) {
		definitions := known(p.Place())
		tree, err := parser.Parse(program.Source)
		if definitions == nil || err != nil {
			return
		}
		a := &amounts{p: p, path: path, roots: map[string]*kinds.Schema{}}
		for name, root := range roots {
			apiVersion, word := root.Ref.kind()
			if kind, ok := definitions.Find(apiVersion, word); ok {
				a.roots[name] = kind.Schema
				if root.List {
					a.roots[name] = &kinds.Schema{Form: kinds.List, Elem: kind.Schema}
				}
			}
		}
		a.walk(tree.Node, nil)
	})
}

// amounts goes through one expression.
type amounts struct {
	p     *step.Problems
	path  string
	roots map[string]*kinds.Schema
}

// walk looks at a node and what is below it. item is what # and a leading dot mean there.
func (a *amounts) walk(n ast.Node, item *kinds.Schema) {
	switch n := n.(type) {
	case *ast.BinaryNode:
		a.compare(n, item)
		a.walk(n.Left, item)
		a.walk(n.Right, item)
	case *ast.UnaryNode:
		a.walk(n.Node, item)
	case *ast.ConditionalNode:
		a.all(item, n.Cond, n.Exp1, n.Exp2)
	case *ast.ChainNode:
		a.walk(n.Node, item)
	case *ast.MemberNode:
		a.walk(n.Node, item)
	case *ast.CallNode:
		a.all(item, n.Arguments...)
	case *ast.PredicateNode:
		a.walk(n.Node, item)
	case *ast.ArrayNode:
		a.all(item, n.Nodes...)
	case *ast.BuiltinNode:
		if len(n.Arguments) == 0 {
			return
		}
		a.walk(n.Arguments[0], item)
		inner := item
		if list := a.schema(n.Arguments[0], item); list != nil {
			inner = list.Elem
		}
		a.all(inner, n.Arguments[1:]...)
	}
}

func (a *amounts) all(item *kinds.Schema, nodes ...ast.Node) {
	for _, n := range nodes {
		a.walk(n, item)
	}
}

// schema returns what is known of the value of a node, nil for nothing.
func (a *amounts) schema(n ast.Node, item *kinds.Schema) *kinds.Schema {
	switch n := n.(type) {
	case *ast.IdentifierNode:
		return a.roots[n.Value]
	case *ast.PointerNode:
		if n.Name == "" {
			return item
		}
	case *ast.ChainNode:
		return a.schema(n.Node, item)
	case *ast.BuiltinNode:
		if n.Name == "filter" && len(n.Arguments) > 0 {
			return a.schema(n.Arguments[0], item)
		}
	case *ast.MemberNode:
		base := a.schema(n.Node, item)
		if base == nil {
			return nil
		}
		if name, ok := n.Property.(*ast.StringNode); ok {
			return base.At(name.Value)
		}
		if base.Form == kinds.List {
			return base.Elem
		}
	}
	return nil
}

func (a *amounts) compare(n *ast.BinaryNode, item *kinds.Schema) {
	left, right := a.isAmount(n.Left, item), a.isAmount(n.Right, item)
	if !left && !right {
		return
	}
	switch {
	case slices.Contains([]string{"<", "<=", ">", ">="}, n.Operator) && (left || isText(n.Left)) && (right || isText(n.Right)):
		a.report(n, "amount-as-text", "%s compares amounts letter by letter; write quantity(…) on both sides", n.Operator)
	case n.Operator == "==" || n.Operator == "!=":
		for _, side := range []ast.Node{n.Left, n.Right} {
			a.spelling(side)
		}
	}
}

// spelling advises on an amount in a form that the server changes into another.
func (a *amounts) spelling(n ast.Node) {
	text, ok := n.(*ast.StringNode)
	if !ok {
		return
	}
	if q, err := resource.ParseQuantity(text.Value); err == nil && q.String() != text.Value {
		a.report(text, "amount-as-text", "the server writes %q as %q; write that, or compare quantity(…) on both sides", text.Value, q.String())
	}
}

func (a *amounts) report(n ast.Node, check, format string, args ...any) {
	from, to := n.Location().From, n.Location().To
	a.p.WarnWithin(a.path, from, to, check, format, args...)
}

func (a *amounts) isAmount(n ast.Node, item *kinds.Schema) bool {
	s := a.schema(n, item)
	return s != nil && s.Form == kinds.Quantity
}

func isText(n ast.Node) bool {
	_, ok := n.(*ast.StringNode)
	return ok
}
