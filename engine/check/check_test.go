package check_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/scenario-runner/scenario-runner/engine/check"
	"github.com/scenario-runner/scenario-runner/engine/diag"
)

var name = regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`)

func TestTableIsComplete(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range check.All() {
		if !name.MatchString(c.Name) || seen[c.Name] {
			t.Errorf("%q is no name, or stands there twice", c.Name)
		}
		seen[c.Name] = true
		if !slices.Contains(check.Groups(), c.Group) {
			t.Errorf("%s: no group is called %q", c.Name, c.Group)
		}
		for _, text := range []string{c.Meaning, c.Why, c.Cure} {
			if text == "" || !strings.HasSuffix(text, ".") {
				t.Errorf("%s: %q is no sentence", c.Name, text)
			}
		}
		if c.Severity == diag.Error && c.Keep != "" {
			t.Errorf("%s: an error can't be silenced anyway", c.Name)
		}
	}
}

func TestGet(t *testing.T) {
	c, ok := check.Get("unused-var")
	if !ok || c.Severity != diag.Warning || !c.Silenceable() {
		t.Error(c)
	}
	for name, want := range map[string]string{
		"missing-unit": "a file with this mistake can't run", "unused-var": "", "unused-ignore": "remove the comment that silences nothing instead",
	} {
		if c, _ := check.Get(name); c.Refusal() != want {
			t.Errorf("%s: %q", name, c.Refusal())
		}
	}
	if _, ok := check.Get("nope"); ok {
		t.Error("found nope")
	}
	if names := check.Names(); !slices.IsSorted(names) || len(names) != len(check.All()) {
		t.Error(names)
	}
}

// TestEveryNameIsInTheTable reads the source of the program: whoever reports something gives it a name of the table,
// and the table has no name that nobody gives.
func TestEveryNameIsInTheTable(t *testing.T) {
	used := map[string]string{}  // the names that are given to findings, with a place
	written := map[string]bool{} // every text of the program
	for _, dir := range []string{"../../engine", "../../steps", "../../cmd", "../../internal"} {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			if filepath.Base(filepath.Dir(path)) == "check" && !slices.Contains([]string{"silence.go", "directive.go"}, filepath.Base(path)) { // the table itself
				return nil
			}
			if slices.Contains([]string{"rights.go", "needs.go"}, filepath.Base(path)) { // they add rights, not findings
				return nil
			}
			files := token.NewFileSet()
			file, err := parser.ParseFile(files, path, nil, 0)
			if err != nil {
				return err
			}
			ast.Inspect(file, func(n ast.Node) bool {
				if l, ok := n.(*ast.BasicLit); ok && l.Kind == token.STRING {
					value, _ := strconv.Unquote(l.Value)
					written[value] = true
				}
				return true
			})
			for _, literal := range checkNames(file) {
				value, _ := strconv.Unquote(literal.Value)
				used[value] = files.Position(literal.Pos()).String()
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for value, at := range used {
		if _, ok := check.Get(value); !ok {
			t.Errorf("%s: no check is called %q; give it a row in engine/check and an example in cmd/scenario-runner/testdata/checks", at, value)
		}
	}
	for _, c := range check.All() {
		if !written[c.Name] {
			t.Errorf("nothing reports %s; take it out of the table", c.Name)
		}
	}
}

// checkNames returns the texts of a file that name a check: the second argument of what reports, what is given to a
// field or a variable of that name, constants and what functions return whose names end with Check.
func checkNames(file *ast.File) []*ast.BasicLit {
	var found []*ast.BasicLit
	keep := func(e ast.Expr) {
		if l, ok := e.(*ast.BasicLit); ok && l.Kind == token.STRING {
			if value, err := strconv.Unquote(l.Value); err == nil && name.MatchString(value) {
				found = append(found, l)
			}
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			reports := []string{"Add", "Warn", "report", "stop", "Mistake"}
			if s, ok := n.Fun.(*ast.SelectorExpr); ok && len(n.Args) > 2 && slices.Contains(reports, s.Sel.Name) {
				if s.Sel.Name == "Add" && reportsElsewhere(n.Args) {
					keep(n.Args[3])
					return true
				}
				keep(n.Args[1])
			}
		case *ast.KeyValueExpr:
			if key, ok := n.Key.(*ast.Ident); ok && key.Name == "Check" {
				keep(n.Value)
			}
		case *ast.AssignStmt:
			for i, left := range n.Lhs {
				if i < len(n.Rhs) && isCheck(left) {
					keep(n.Rhs[i])
				}
			}
		case *ast.ValueSpec:
			for i, name := range n.Names {
				if i < len(n.Values) && strings.HasSuffix(name.Name, "Check") {
					keep(n.Values[i])
				}
			}
		case *ast.FuncDecl:
			if strings.HasSuffix(n.Name.Name, "Check") {
				ast.Inspect(n, func(inner ast.Node) bool {
					if r, ok := inner.(*ast.ReturnStmt); ok && len(r.Results) == 1 {
						keep(r.Results[0])
					}
					return true
				})
			}
		}
		return true
	})
	return found
}

// isCheck reports whether something is assigned to a field Check or a variable check.
func isCheck(left ast.Expr) bool {
	switch left := left.(type) {
	case *ast.SelectorExpr:
		return left.Sel.Name == "Check"
	case *ast.Ident:
		return left.Name == "check"
	}
	return false
}

// reportsElsewhere reports whether a call is one of Problems.Add, which has the name of the check in its fourth place.
func reportsElsewhere(arguments []ast.Expr) bool {
	if len(arguments) < 5 {
		return false
	}
	_, text := arguments[2].(*ast.BasicLit)
	return !text
}
