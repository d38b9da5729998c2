package scenario_test

import (
	"bytes"
	"context"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/scenario"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

var update = flag.Bool("update", false, "rewrite the expected files in testdata")

type makeConfig struct {
	Names []string       `yaml:"names" required:"true" single:"true" doc:"Names of the things to make."`
	Count int            `yaml:"count" doc:"How many of each."`
	Mode  string         `yaml:"mode" enum:"fast,careful" doc:"How to make them."`
	Wait  time.Duration  `yaml:"wait" doc:"How long to wait."`
	Extra map[string]any `yaml:"extra" doc:"Anything else."`
}

type makeOutputs struct {
	Ready int           `expr:"ready" doc:"How many are ready."`
	Took  time.Duration `expr:"took" doc:"How long it took."`
	Thing any           `expr:"thing" doc:"The last thing."`
}

type checkConfig struct {
	Given map[string]string `yaml:"given" doc:"Things to look at."`
	That  []eval.Expr[bool] `yaml:"that" required:"true" single:"true" shorthand:"true" scope:"*given" doc:"What must be true."`
}

type groupConfig struct {
	Steps step.Block `yaml:"steps" required:"true" shorthand:"true" doc:"Steps that start together."`
}

type sayConfig struct {
	Text string `yaml:"text" required:"true" shorthand:"true" doc:"What is said."`
}

type none struct{}

func registry() *step.Registry {
	r := &step.Registry{Steps: []step.Definition{
		step.Define(step.Spec[makeConfig, makeOutputs]{
			Name: "make", Group: step.Story, Doc: "# make\n\nMakes things.\n",
			Check: func(c *makeConfig, p *step.Problems) {
				if c.Count < 0 {
					p.At("count", "make: count can't be negative")
				}
			},
			Run: func(context.Context, *step.Run, makeConfig) (makeOutputs, error) { return makeOutputs{}, nil },
		}),
		step.Define(step.Spec[checkConfig, none]{
			Name: "check", Group: step.Story, Doc: "# check\n\nChecks things.\n", Judges: true,
			Run: func(context.Context, *step.Run, checkConfig) (none, error) { return none{}, nil },
		}),
		step.Define(step.Spec[groupConfig, none]{
			Name: "together", Group: step.Flow, Doc: "# together\n\nRuns steps at once.\n", Visible: true, Unordered: true,
			Run: func(context.Context, *step.Run, groupConfig) (none, error) { return none{}, nil },
		}),
		step.Define(step.Spec[sayConfig, none]{
			Name: "say", Group: step.Flow, Doc: "# say\n\nSays things.\n",
			Run: func(context.Context, *step.Run, sayConfig) (none, error) { return none{}, nil },
		}),
	}}
	return r
}

func loader(t testing.TB) *scenario.Loader {
	t.Helper()
	l, err := scenario.NewLoader(registry(), scenario.Options{Environment: []string{"HOME"}})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// TestBrokenFiles compares the diagnostics of every file in testdata/broken with the .want file beside it.
func TestBrokenFiles(t *testing.T) {
	files, err := filepath.Glob("testdata/broken/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal("no broken files", err)
	}
	l := loader(t)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			s, diags := l.Load(filepath.Base(file), data)
			if s != nil || !diags.HasErrors() {
				t.Errorf("the file loads")
			}
			var got bytes.Buffer
			p := diag.Printer{Source: func(string) []byte { return data }}
			if err := p.Print(&got, diags); err != nil {
				t.Fatal(err)
			}
			golden(t, strings.TrimSuffix(file, ".yaml")+".want", got.String())
		})
	}
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("run with -update when this is right:\n%s", d)
	}
}
