// Package house holds the tests that keep the structure of the project: who may import whom, and what may not be called.
package house

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/scenario-runner/scenario-runner/"

// TestEngineKnowsNoKubernetes names the chain of imports when a package under engine reaches a cluster library.
func TestEngineKnowsNoKubernetes(t *testing.T) {
	banned := []string{"k8s.io/", "sigs.k8s.io/", "github.com/litmuschaos/", "github.com/prometheus/"}
	imports := dependencies(t, "./engine/...")
	for pkg := range imports {
		if slices.ContainsFunc(banned, func(b string) bool { return strings.HasPrefix(pkg, b) }) {
			t.Errorf("engine reaches %s: %s", pkg, strings.Join(chain(imports, pkg), " <- "))
		}
	}
}

// TestStepsKeepApart holds the rule that a step imports neither another step nor the scheduler.
func TestStepsKeepApart(t *testing.T) {
	shared := []string{"steps/alertmanager", "steps/endpoint", "steps/inbox", "steps/kube", "steps/observe", "steps/postgres", "steps/builtin", "steps/process", "steps/prometheus", "steps/readiness", "steps/rounds", "steps/settings", "steps/web"} // they declare no step
	for pkg, imported := range dependencies(t, "./steps/...") {
		step, ok := stepFolder(pkg)
		if !ok || slices.Contains(shared, "steps/"+step) {
			continue
		}
		for _, i := range imported {
			other, isStep := stepFolder(i)
			switch {
			case isStep && other != step && !slices.Contains(shared, "steps/"+other):
				t.Errorf("%s imports %s; steps share code through steps/kube, steps/observe or the engine", pkg, i)
			case i == module+"engine/run" || i == module+"engine/scenario":
				t.Errorf("%s imports %s; a step knows only engine/step and what that shows", pkg, i)
			}
		}
	}
}

func stepFolder(pkg string) (string, bool) {
	rest, ok := strings.CutPrefix(pkg, module+"steps/")
	folder, _, _ := strings.Cut(rest, "/")
	return folder, ok
}

// dependencies returns the imports of every package that the pattern reaches, tests left out.
func dependencies(t *testing.T, pattern string) map[string][]string {
	t.Helper()
	cmd := exec.Command("go", "list", "-deps", "-f", `{{.ImportPath}} {{join .Imports " "}}`, pattern)
	cmd.Dir = root
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	imports := map[string][]string{}
	for line := range strings.Lines(string(out)) {
		f := strings.Fields(line)
		imports[f[0]] = f[1:]
	}
	return imports
}

// chain finds how a package of engine reaches target.
func chain(imports map[string][]string, target string) []string {
	for pkg, list := range imports {
		if slices.Contains(list, target) {
			if strings.HasPrefix(pkg, module) {
				return []string{target, pkg}
			}
			return append([]string{target}, chain(imports, pkg)...)
		}
	}
	return []string{target}
}

const root = "../.."

// TestForbiddenCalls finds sleeps, contexts without a parent and init functions in the packages that run steps.
func TestForbiddenCalls(t *testing.T) {
	forbidden := map[string]string{
		"time.Sleep":         "wait for an event, with the context",
		"context.Background": "take the context of the caller",
		"context.TODO":       "take the context of the caller",
		"os.Exit":            "return an error; only main exits",
		"log.Fatal":          "return an error; only main exits",
	}
	eachFile(t, []string{"engine", "steps"}, func(path string, file *ast.File, set *token.FileSet) {
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.SelectorExpr:
				if x, ok := n.X.(*ast.Ident); ok {
					if cure, bad := forbidden[x.Name+"."+n.Sel.Name]; bad {
						t.Errorf("%s: %s.%s: %s", set.Position(n.Pos()), x.Name, n.Sel.Name, cure)
					}
				}
			case *ast.FuncDecl:
				if n.Recv == nil && n.Name.Name == "init" {
					t.Errorf("%s: init functions hide what a program does; register by a value", set.Position(n.Pos()))
				}
			}
			return true
		})
	})
}

// TestFilesStaySmall holds files below 500 lines.
func TestFilesStaySmall(t *testing.T) {
	eachFile(t, []string{"cmd", "engine", "steps"}, func(path string, file *ast.File, set *token.FileSet) {
		if lines := set.Position(file.End()).Line; lines > 500 {
			t.Errorf("%s has %d lines; find the seam", path, lines)
		}
	})
}

func eachFile(t *testing.T, folders []string, visit func(string, *ast.File, *token.FileSet)) {
	t.Helper()
	set := token.NewFileSet()
	for _, folder := range folders {
		err := filepath.WalkDir(filepath.Join(root, folder), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			file, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
			if err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
			if file.Name.Name == "main" && strings.Contains(path, "builtin") { // the generator
				return nil
			}
			visit(path, file, set)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
