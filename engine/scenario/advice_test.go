package scenario_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/scenario"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

// TestAdvice compares what is said of every file in testdata/advice with the .want file beside it.
func TestAdvice(t *testing.T) {
	files, err := filepath.Glob("testdata/advice/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal("no files", err)
	}
	kinds := registry()
	kinds.Steps = append(kinds.Steps, step.Define(step.Spec[sayConfig, none]{
		Name: "quit", Group: step.Flow, Doc: "# quit\n\nEnds it.\n", Settled: true, Fails: true,
		Run: func(context.Context, *step.Run, sayConfig) (none, error) { return none{}, step.Fail("no") },
	}), step.Define(step.Spec[sayConfig, none]{
		Name: "nap", Group: step.Flow, Doc: "# nap\n\nWaits.\n",
		Check: func(c *sayConfig, p *step.Problems) {
			if c.Text == "long" {
				p.Warn("text", "long-sleep", "this is long")
			}
		},
		Run: func(context.Context, *step.Run, sayConfig) (none, error) { return none{}, nil },
	}))
	l, err := scenario.NewLoader(kinds, scenario.Options{Environment: []string{"HOME"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			s, diags := l.Load(filepath.Base(file), data)
			if (s == nil) != diags.HasErrors() {
				t.Error("a file with advice alone loads, one with a mistake does not")
			}
			var got bytes.Buffer
			p := diag.Printer{Source: func(string) []byte { return data }}
			if err := p.Print(&got, diags); err != nil {
				t.Fatal(err)
			}
			golden(t, strings.TrimSuffix(file, ".yaml")+".want", got.String())
			if inspected := l.Inspect(filepath.Base(file), data).Diagnostics; inspected.Error() != diags.Error() {
				t.Errorf("an editor sees %v", inspected)
			}
		})
	}
}

// TestAdviceIsLeftOutWhereAStepReadsAnything: a step that evaluates other files may read what no expression here names.
func TestAdviceIsLeftOutWhereAStepReadsAnything(t *testing.T) {
	kinds := registry()
	kinds.Steps = append(kinds.Steps, step.Define(step.Spec[sayConfig, none]{
		Name: "render", Group: step.Flow, Doc: "# render\n\nFills in a file.\n",
		Check: func(_ *sayConfig, p *step.Problems) { p.ReadsAnything() },
		Run:   func(context.Context, *step.Run, sayConfig) (none, error) { return none{}, nil },
	}))
	l, err := scenario.NewLoader(kinds, scenario.Options{})
	if err != nil {
		t.Fatal(err)
	}
	const text = "apiVersion: scenario-runner/v1\nkind: Scenario\nmetadata: {name: x}\nvars: {limit: 3}\nsteps:\n" +
		"  - id: web\n    make: {names: a}\n  - check: steps.web.ready == 1\n"
	if _, diags := l.Load("x.yaml", []byte(text)); len(diags) != 1 {
		t.Error(diags)
	}
	if _, diags := l.Load("x.yaml", []byte(text+"  - render: file\n")); len(diags) != 0 {
		t.Error(diags)
	}
}
