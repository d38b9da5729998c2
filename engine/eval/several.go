package eval

import (
	"cmp"
	"errors"
	"slices"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/checker"
	"github.com/expr-lang/expr/checker/nature"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"
)

// mostProblems is how many mistakes of one expression are told: who has made more will look again anyway.
const mostProblems = 8

// repaired parses source. Where a mistake of syntax has an evident cure the rest is looked at as if it were applied, so
// that an author who writes = for == learns of a misspelt name in the same run. The tree is nil when there was no such cure.
func (e *Env) repaired(source string, config *conf.Config) (tree *parser.Tree, fixes []fix, problems []*Problem) {
	for text := source; ; {
		tree, err := parser.ParseWithConfig(text, config)
		if err == nil {
			return tree, fixes, problems
		}
		p := syntaxProblem(text, err)
		at := p.fix
		place(p, fixes)
		problems = append(problems, p)
		if at == nil || len(problems) == mostProblems {
			return nil, fixes, problems
		}
		fixes = append(fixes, *at)
		runes := []rune(text)
		text = string(runes[:at.from]) + at.text + string(runes[at.to:])
	}
}

// place moves a problem of a repaired text to where it stands in the text that the author wrote.
func place(p *Problem, fixes []fix) {
	for _, f := range slices.Backward(fixes) {
		p.From, p.To = f.before(p.From), f.before(p.To)
		p.To = max(p.To, p.From+1)
	}
}

// before returns where an offset of the changed text was before the change.
func (f fix) before(at int) int {
	length := len([]rune(f.text))
	switch {
	case at <= f.from:
		return at
	case at >= f.from+length:
		return at - length + f.to - f.from
	}
	return min(at, f.to)
}

// mistakes finds every mistake of a tree. What is wrong counts as unknown from then on, so that one mistake is told once and
// what depends on it not at all.
func (e *Env) mistakes(source string, tree *parser.Tree, config *conf.Config) []*Problem {
	var problems []*Problem
	for len(problems) < mostProblems {
		_, err := checker.Check(tree, config)
		if err == nil {
			break
		}
		problems = append(problems, e.explainCompile(source, tree.Node, err))
		if !forget(&tree.Node, err) {
			break
		}
	}
	return problems
}

// typedEnds looks at a tree without mistakes once more, with the types of what first and last give.
func (e *Env) typedEnds(source string, tree *parser.Tree, config *conf.Config) []*Problem {
	typed := &ends{}
	ast.Walk(&tree.Node, typed)
	if !typed.found {
		return nil
	}
	return e.mistakes(source, tree, config)
}

func sorted(problems []*Problem) []*Problem {
	slices.SortStableFunc(problems, func(a, b *Problem) int { return cmp.Compare(a.From, b.From) })
	return problems
}

// forget replaces the part of the tree that an error of the checker is about by a value of which nothing is known.
func forget(tree *ast.Node, err error) bool {
	f, ok := errors.AsType[*file.Error](err)
	if !ok {
		return false
	}
	w := &wrong{at: f.Location, name: unknownName.MatchString(f.Message)}
	w.operation = operationBefore(*tree, f.From)
	ast.Walk(tree, w)
	switch {
	case w.called != nil: // its arguments are looked at all the same
		w.called.Callee = &ast.IdentifierNode{Value: anyFunction}
	case w.node != nil:
		*w.node = &ast.ConstantNode{}
	default:
		return false
	}
	return true
}

// anyFunction takes the place of a function that is not known. Its name can't be typed, and it is never called.
const anyFunction = "‹any›"

// wrong finds the part of a tree that an error is about: the outermost one that stands there, or the name itself when it
// is the name that is unknown.
type wrong struct {
	at        file.Location
	name      bool
	operation *ast.BinaryNode // the unknown name is the second half of web-app
	node      *ast.Node
	called    *ast.CallNode // of a function whose name is unknown
}

// Visit is called bottom-up. The checker does not look again into a call whose type is known, so that is forgotten too.
func (w *wrong) Visit(node *ast.Node) {
	call, isCall := (*node).(*ast.CallNode)
	if isCall {
		call.SetNature(nature.Nature{})
		if callee, ok := call.Callee.(*ast.IdentifierNode); ok && w.name && callee.Location() == w.at {
			w.called = call
		}
	}
	switch n := (*node).(type) {
	case *ast.PredicateNode, *ast.ConstantNode:
		return // the first holds what is wrong, the second was wrong before
	case *ast.MemberNode:
		if w.name || n.Property.Location() != w.at && n.Location() != w.at {
			return
		}
	case *ast.StringNode:
		if (*node).Location() != w.at || w.node != nil {
			return
		}
	case *ast.IdentifierNode:
		if n.Location() != w.at {
			return
		}
	case *ast.BinaryNode:
		if n.Location() != w.at && (n != w.operation || !w.name) {
			return
		}
	default:
		if w.name || n.Location() != w.at {
			return
		}
	}
	w.node = node
}
