package scenario_test

import (
	"context"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/scenario"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

type applyConfig struct {
	Template step.Template        `yaml:"template" required:"true" shorthand:"true" doc:"The template."`
	With     map[string]eval.Tree `yaml:"with" doc:"Values of its parameters."`
}

// templateLoader knows a step that takes a template, under a name that the engine has never heard of, and reads files
// from memory.
func templateLoader(t testing.TB, files func(name string) (string, bool)) *scenario.Loader {
	t.Helper()
	r := registry()
	r.Steps = append(r.Steps, step.Define(step.Spec[applyConfig, map[string]any]{
		Name: "apply", Group: step.Flow, Doc: "# apply\n\nApplies a template.\n",
		Outputs: func(c *applyConfig) eval.Type { return c.Template.OutputType() },
		Run: func(context.Context, *step.Run, applyConfig) (map[string]any, error) {
			return map[string]any{}, nil
		},
	}))
	l, err := scenario.NewLoader(r, scenario.Options{ReadFile: func(name string) ([]byte, error) {
		if text, ok := files(filepath.ToSlash(name)); ok {
			return []byte(text), nil
		}
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

const (
	applies = `apiVersion: scenario-runner/v1
kind: Scenario
metadata: {name: a}
steps:
  - id: one
    apply: {template: lib/t.template.yaml, with: {who: web}}
  - check: steps.one.name == "web"
`
	applied = `apiVersion: scenario-runner/v1
kind: Template
metadata: {name: t}
parameters: {who: {type: string, description: Whom to greet.}, count: {type: int, default: 1}}
steps:
  - id: made
    make: {names: ["${{ parameters.who }}"], count: "${{ parameters.count }}"}
  - check: steps.made.ready == 1
outputs: {name: {value: "${{ parameters.who }}", description: The name.}}
`
)

func files(texts map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		text, ok := texts[name]
		return text, ok
	}
}

func TestInspectTemplate(t *testing.T) {
	l := templateLoader(t, files(nil))
	broken := strings.Replace(applied, "steps.made.ready == 1", "steps.made.redy == 1", 1)
	i := l.Inspect("lib/t.template.yaml", []byte(broken))
	if i.Kind != scenario.KindTemplate || len(i.Steps) != 2 || !i.Diagnostics.HasErrors() {
		t.Errorf("kind %s, %d steps, %v", i.Kind, len(i.Steps), i.Diagnostics)
	}
	var got []string
	for _, p := range i.Parameters {
		got = append(got, fmt.Sprintf("%s %s %q %v %v %s", p.Name, p.Type, p.Doc, p.Required, p.Default, p.At))
	}
	if d := cmp.Diff([]string{
		`who string "Whom to greet." true <nil> lib/t.template.yaml:4:14`, `count int "" false 1 lib/t.template.yaml:4:64`,
	}, got); d != "" {
		t.Error(d)
	}
	for _, path := range [][]string{{"steps", "0", "make", "names", "0"}, {"outputs", "name", "value"}} {
		env := i.EnvAt(path)
		if d := cmp.Diff([]string{"scenario", "env", "parameters", "steps"}, env.Names().Names()); d != "" {
			t.Errorf("%v: %s", path, d)
		}
		parameters, _ := env.Names().Field("parameters")
		if d := cmp.Diff([]string{"who", "count"}, parameters.Type.Names()); d != "" {
			t.Errorf("%v: %s", path, d)
		}
	}
}

func TestInspectUse(t *testing.T) {
	text := applied
	l := templateLoader(t, func(name string) (string, bool) { return text, name == "lib/t.template.yaml" })
	i := l.Inspect("a.scenario.yaml", []byte(applies))
	if len(i.Templates) != 1 || i.Diagnostics.HasErrors() {
		t.Fatalf("%d templates, %v", len(i.Templates), i.Diagnostics)
	}
	use := i.Templates[0]
	output := use.Template.Outputs[0]
	got := fmt.Sprint(use.Node.Value, " ", filepath.ToSlash(use.Path), " ", use.Template.Title, " ", use.Template.ParameterNames(), " ", output.Name, " ", output.Doc, " ", output.At)
	if want := "lib/t.template.yaml lib/t.template.yaml t [who count] name The name. lib/t.template.yaml:9:11"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	// An editor changes the template as well: nothing of it is kept.
	text = strings.Replace(applied, "outputs: {name:", "outputs: {title:", 1)
	i = l.Inspect("a.scenario.yaml", []byte(applies))
	if want := `a.scenario.yaml:7:22: unknown output "name" of step "one"; it has title, verdict, took [unknown-output]`; len(i.Diagnostics) != 1 || i.Diagnostics[0].Error() != want {
		t.Errorf("got %v, want %s", i.Diagnostics, want)
	}
}

// TestTemplateIsCheckedOnce counts how often a file is read by a loader that checks many scenarios at once.
func TestTemplateIsCheckedOnce(t *testing.T) {
	var mu sync.Mutex
	reads := map[string]int{}
	l := templateLoader(t, func(name string) (string, bool) {
		mu.Lock()
		defer mu.Unlock()
		reads[name]++
		return applied, name == "lib/t.template.yaml"
	})
	var workers sync.WaitGroup
	found := make([]diag.List, 50)
	for i := range found {
		workers.Go(func() { found[i] = l.Open(fmt.Sprintf("%d.scenario.yaml", i), []byte(applies)).Diagnostics })
	}
	workers.Wait()
	for i, list := range found {
		if len(list) > 0 {
			t.Errorf("%d: %v", i, list)
		}
	}
	if d := cmp.Diff(map[string]int{"lib/t.template.yaml": 1}, reads); d != "" {
		t.Error(d)
	}
}

// TestCyclesOfManyFilesEnd has templates that all use each other, checked from everywhere at once.
func TestCyclesOfManyFilesEnd(t *testing.T) {
	const many = 12
	text := "apiVersion: scenario-runner/v1\nkind: Template\nmetadata: {name: t}\nsteps:\n"
	for i := range many {
		text += fmt.Sprintf("  - apply: t%d.template.yaml\n", i)
	}
	l := templateLoader(t, func(string) (string, bool) { return text, true })
	var workers sync.WaitGroup
	for i := range many {
		workers.Go(func() {
			name := fmt.Sprintf("t%d.template.yaml", i)
			opened := l.Open(name, []byte(text))
			if opened.Template != nil || !opened.Diagnostics.HasErrors() {
				t.Errorf("%s is taken", name)
			}
		})
	}
	workers.Wait()
}

func FuzzTemplate(f *testing.F) {
	f.Add(applied)
	f.Add(strings.Replace(applied, "make: {", "apply: {template: t.template.yaml, ", 1))
	f.Add("kind: Template\nparameters: {a: {type: list, of: int, default: [1], enum: [[1]]}, b: &x {type: map}, c: *x}\noutputs: {a: 1, b: {value: {c: '${{ steps }}'}}}\n")
	f.Add("kind: Template\nsteps: [{apply: ../t.template.yaml}, {apply: '${{'}, {apply: {}}]\n")
	f.Fuzz(func(t *testing.T, text string) {
		l := templateLoader(t, files(map[string]string{"lib/t.template.yaml": text}))
		lines := strings.Count(text, "\n") + 1
		inside := func(list diag.List) {
			for _, d := range list {
				at := d.Range.Start
				if d.Range.File == "lib/t.template.yaml" && (at.Line < 1 || at.Line > lines || at.Column < 1) {
					t.Errorf("%v is outside of the file", d)
				}
			}
		}
		inside(l.Open("lib/t.template.yaml", []byte(text)).Diagnostics)
		inside(l.Open("a.scenario.yaml", []byte(applies)).Diagnostics)
		inside(l.Inspect("lib/t.template.yaml", []byte(text)).Diagnostics)
	})
}

func FuzzMatrix(f *testing.F) {
	f.Add(matrixFile)
	f.Add("kind: Scenario\nmatrix: &m {a: [1, *m]}\nsteps: [{check: matrix.a}]\n")
	f.Add("kind: Scenario\nmatrix: {include: [{a: {b: c}}, {a: [1]}], exclude: [{}]}\nmetadata: {name: '${{ matrix.a }}'}\n")
	l := loader(f)
	f.Fuzz(func(t *testing.T, text string) {
		opened := l.Open("f.yaml", []byte(text))
		lines := strings.Count(text, "\n") + 1
		for _, d := range opened.Diagnostics {
			for _, at := range append([]diag.Note{{Range: d.Range}}, d.Notes...) {
				if at.Range.Start.Line < 1 || at.Range.Start.Line > lines || at.Range.Start.Column < 1 {
					t.Errorf("%v is outside of the file", d)
				}
			}
		}
	})
}
