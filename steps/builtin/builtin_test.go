package builtin_test

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/scenario-runner/scenario-runner/engine/scenario"
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/engine/steptest"
	"github.com/scenario-runner/scenario-runner/steps/builtin"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/settings"
)

func registry(t *testing.T) *step.Registry {
	env := kube.NewEnv(kube.Options{Settings: settings.Settings{Prometheus: &settings.Endpoint{}, Alertmanager: &settings.Endpoint{}}})
	t.Cleanup(env.Close)
	return builtin.New(env)
}

// TestEveryFolderIsListed proves that builtin.go is fresh.
func TestEveryFolderIsListed(t *testing.T) {
	committed, err := os.ReadFile("builtin.go")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", "run", "generate.go")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	fresh, err := os.ReadFile("builtin.go")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(committed, fresh) {
		t.Error("steps/builtin/builtin.go was not fresh; run make generate and commit it")
	}
}

// TestExamplesOfTheDocumentationLoad checks every example in the documentation of every step.
func TestExamplesOfTheDocumentationLoad(t *testing.T) {
	r := registry(t)
	loader, err := scenario.NewLoader(r, scenario.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range r.Steps {
		steptest.Contract(t, d)
		for _, example := range steptest.Examples(d.Doc) {
			if !strings.HasPrefix(strings.TrimSpace(example), "- ") {
				continue // a manifest, or a part of a file
			}
			text := "apiVersion: scenario-runner/v1\nkind: Scenario\nmetadata: {name: example}\nsteps:\n" + example + "\n- assert: 1 == 1\n"
			if _, diags := loader.Load("example.yaml", []byte(text)); diags.HasErrors() {
				for _, problem := range diags {
					if needsTheRest(problem.Message) {
						continue
					}
					t.Errorf("%s: an example of the documentation is wrong: %v\n%s", d.Name, problem, example)
				}
			}
		}
	}
}

// needsTheRest reports mistakes that only come from an example being a part of a scenario: vars and files of its own.
func needsTheRest(message string) bool {
	for _, s := range []string{"no var is called", "no secret is called", "no step has the id", "there is no id", "secrets", "does not exist", "no file or folder", "no file matches", "no folder", "no such file", "matches no", "is known: name its address", "no connection", "no step opens a sink"} {
		if strings.Contains(message, s) {
			return true
		}
	}
	return false
}

const dummy = `// Package dummy is made by a test.
package dummy

import (
	"context"

	"github.com/scenario-runner/scenario-runner/engine/step"
)

// Config is what an author writes.
type Config struct {
	Name string ` + "`yaml:\"name\" required:\"true\" shorthand:\"true\" doc:\"Who.\"`" + `
}

// Outputs is what later steps read.
type Outputs struct {
	Text string ` + "`expr:\"text\" doc:\"The greeting.\"`" + `
}

// New declares the step.
func New() step.Definition {
	return step.Define(step.Spec[Config, Outputs]{
		Name: "dummy", Group: step.Flow, Doc: "# dummy\n\nGreets.\n",
		Run: func(_ context.Context, _ *step.Run, c Config) (Outputs, error) { return Outputs{Text: "hello " + c.Name}, nil },
	})
}
`

const useOfDummy = `apiVersion: scenario-runner/v1
kind: Scenario
metadata: {name: dummy}
steps:
  - id: d
    dummy: web
  - assert: steps.d.text == "hello web"
`

// TestAStepIsOneFolder copies the source, adds one folder, generates and runs a scenario that uses the new step: nothing
// else is touched.
func TestAStepIsOneFolder(t *testing.T) {
	root := t.TempDir()
	for _, part := range []string{"go.mod", "go.sum", "engine", "steps", "schema", "cmd"} {
		copyTree(t, filepath.Join("../..", part), filepath.Join(root, part))
	}
	write(t, filepath.Join(root, "steps/dummy/step.go"), dummy)
	file := filepath.Join(root, "dummy.scenario.yaml")
	write(t, file, useOfDummy)
	run(t, root, "go", "generate", "./steps/builtin")
	out := run(t, root, "go", "run", "./cmd/scenario-runner", "run", file)
	if !strings.Contains(out, "1 passed") {
		t.Errorf("it printed:\n%s", out)
	}
}

func run(t *testing.T, dir, program string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "XDG_STATE_HOME="+dir, "CGO_ENABLED=0")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", program, args, err, out)
	}
	return string(out)
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func copyTree(t *testing.T, from, to string) {
	t.Helper()
	err := filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		relative, err := filepath.Rel(from, path)
		if err != nil || strings.HasSuffix(path, "_test.go") {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		write(t, filepath.Join(to, relative), string(data))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
