package eval

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/expr-lang/expr/ast"
)

// Operand is a part of an expression with the value that it had.
type Operand struct {
	Text  string
	Value string
}

// Explain returns the operands of p with their values under scope, in reading order: for a false condition, what made
// it false. Parts of a conjunction that are true are left out.
func (p *Program) Explain(scope Scope) []Operand {
	tree, problem := parse(p.Source)
	if problem != nil {
		return nil
	}
	x := &explainer{env: p.env.Private(), scope: scope} // steps that fail at the same time share the environment
	x.condition(tree)
	return x.out
}

type explainer struct {
	env   *Env
	scope Scope
	out   []Operand
}

var quantifiers = []string{"all", "any", "none", "one", "count"}

func (x *explainer) condition(n ast.Node) {
	switch n := n.(type) {
	case *ast.BinaryNode:
		switch n.Operator {
		case "and", "&&":
			for _, side := range []ast.Node{n.Left, n.Right} {
				if v, err := x.value(side.String()); err != nil || v != true {
					x.condition(side)
				}
			}
		case "or", "||":
			x.condition(n.Left)
			x.condition(n.Right)
		default:
			x.operands(n)
		}
	case *ast.UnaryNode:
		x.condition(n.Node)
	default:
		x.operand(n)
	}
}

// operands shows both sides. What is compared with nil is shown as nil while it is absent.
func (x *explainer) operands(n *ast.BinaryNode) {
	_, left := n.Left.(*ast.NilNode)
	_, right := n.Right.(*ast.NilNode)
	for _, side := range []ast.Node{n.Left, n.Right} {
		if _, literal := side.(*ast.NilNode); (left || right) && !literal {
			if v, err := x.value("(" + side.String() + ") ?? nil"); err == nil {
				x.add(side.String(), Format(v))
				continue
			}
		}
		x.operand(side)
	}
}

// operand shows n, and when n is computed, the names that it is computed from.
func (x *explainer) operand(n ast.Node) {
	switch n := n.(type) {
	case *ast.NilNode, *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.StringNode, *ast.ConstantNode:
		return
	case *ast.BuiltinNode:
		if slices.Contains(quantifiers, n.Name) && len(n.Arguments) == 2 {
			x.quantifier(n)
			return
		}
		x.show(n)
		for _, a := range n.Arguments {
			if _, predicate := a.(*ast.PredicateNode); !predicate {
				x.names(a)
			}
		}
	case *ast.CallNode:
		x.show(n)
		for _, a := range n.Arguments {
			x.names(a)
		}
	case *ast.BinaryNode:
		x.show(n)
		x.operand(n.Left)
		x.operand(n.Right)
	case *ast.UnaryNode:
		x.operand(n.Node)
	default:
		x.show(n)
	}
}

func (x *explainer) names(n ast.Node) {
	if _, ok := chain(n); ok {
		x.show(n)
	}
}

// quantifier says how many items satisfy the predicate and names some that do not.
func (x *explainer) quantifier(n *ast.BuiltinNode) {
	list, predicate := n.Arguments[0].String(), n.Arguments[1].String()
	matching, err := x.value(fmt.Sprintf("filter(%s, %s)", list, predicate))
	total, lengthErr := x.value(fmt.Sprintf("len(%s)", list))
	if err != nil || lengthErr != nil {
		x.show(n)
		return
	}
	items, _ := matching.([]any)
	text := fmt.Sprintf("%d of %v", len(items), total)
	if n.Name == "all" {
		if rest, err := x.value(fmt.Sprintf("filter(%s, not (%s))", list, predicate)); err == nil {
			items, _ = rest.([]any)
			text += named("; not ", items)
		}
	} else {
		text += named(": ", items)
	}
	x.add(fmt.Sprintf("%s(%s, %s)", n.Name, list, predicate), text)
}

// named lists the names of objects that have one.
func named(prefix string, items []any) string {
	var names []string
	for _, item := range items {
		if m, ok := item.(map[string]any); ok {
			if meta, ok := m["metadata"].(map[string]any); ok {
				m = meta
			}
			if name, ok := m["name"].(string); ok {
				names = append(names, name)
			}
		}
	}
	if len(names) == 0 {
		return ""
	}
	if len(names) > 5 {
		names = append(names[:5], "…")
	}
	return prefix + strings.Join(names, ", ")
}

func (x *explainer) show(n ast.Node) {
	v, err := x.value(n.String())
	if err != nil {
		x.add(n.String(), "("+err.Error()+")")
		return
	}
	x.add(n.String(), Format(v))
}

func (x *explainer) add(text, value string) {
	if slices.ContainsFunc(x.out, func(o Operand) bool { return o.Text == text }) {
		return
	}
	x.out = append(x.out, Operand{Text: text, Value: value})
}

func (x *explainer) value(source string) (any, error) {
	p, problem := x.env.Compile(source, Any)
	if problem != nil {
		return nil, problem
	}
	return p.Eval(x.scope)
}

// maxFormatted is how much of a value is shown.
const maxFormatted = 200

// Format writes a value for people, on one line and not too long.
func Format(v any) string {
	var s string
	switch v := v.(type) {
	case nil:
		return "nil"
	case string:
		s = fmt.Sprintf("%q", v)
	case time.Duration:
		return v.String()
	case time.Time:
		return v.Format(time.RFC3339)
	case []any, map[string]any, []string, []map[string]any:
		data, err := json.Marshal(v)
		if err != nil {
			return fmt.Sprint(v)
		}
		s = string(data)
	default:
		s = fmt.Sprint(v)
	}
	if r := []rune(s); len(r) > maxFormatted {
		return string(r[:maxFormatted]) + "…"
	}
	return s
}
