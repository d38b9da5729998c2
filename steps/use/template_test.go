package use_test

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
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/scenario-runner/scenario-runner/engine"
	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/scenario"
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/engine/steptest"
	"github.com/scenario-runner/scenario-runner/steps/use"
)

var update = flag.Bool("update", false, "rewrite what the archives in testdata expect")

func TestContract(t *testing.T) { steptest.Contract(t, use.New()) }

type makeConfig struct {
	Name  string        `yaml:"name" required:"true" shorthand:"true" doc:"Name of the thing."`
	Count int           `yaml:"count" doc:"How many."`
	Mode  string        `yaml:"mode" enum:"fast,careful" doc:"How."`
	Wait  time.Duration `yaml:"wait" doc:"How long it takes."`
}

type makeOutputs struct {
	Name string `expr:"name" doc:"Name of the thing."`
	Dir  string `expr:"dir" doc:"Where relative paths start."`
}

type checkConfig struct {
	That eval.Expr[bool] `yaml:"that" required:"true" shorthand:"true" doc:"What must be true."`
}

type groupConfig struct {
	Steps step.Block `yaml:"steps" required:"true" shorthand:"true" doc:"Steps that start together."`
}

type none struct{}

// registry has use beside steps that need nothing of the world.
func registry() *step.Registry {
	return &step.Registry{Steps: []step.Definition{
		step.Define(step.Spec[makeConfig, makeOutputs]{
			Name: "make", Group: step.Story, Doc: "# make\n\nMakes a thing.\n",
			Run: func(_ context.Context, run *step.Run, c makeConfig) (makeOutputs, error) {
				return makeOutputs{Name: c.Name, Dir: filepath.ToSlash(run.Folder())}, nil
			},
		}),
		step.Define(step.Spec[checkConfig, none]{
			Name: "check", Group: step.Story, Doc: "# check\n\nChecks a thing.\n", Judges: true,
			Run: func(_ context.Context, run *step.Run, c checkConfig) (none, error) {
				ok, err := c.That.Eval(run.Scope)
				if err == nil && !ok {
					err = step.Fail("%s is false", c.That.Source())
				}
				return none{}, err
			},
		}),
		step.Define(step.Spec[groupConfig, none]{
			Name: "together", Group: step.Flow, Doc: "# together\n\nRuns steps at once.\n", Visible: true, Unordered: true,
			Run: func(ctx context.Context, run *step.Run, c groupConfig) (none, error) {
				_, err := run.Host.Execute(ctx, c.Steps, step.Execution{Parallel: true})
				return none{}, err
			},
		}),
		use.New(),
	}}
}

// project writes the files of an archive into an empty folder and makes that the working directory.
func project(t *testing.T, archive *txtar.Archive) []engine.Input {
	t.Helper()
	t.Chdir(t.TempDir())
	for _, f := range archive.Files {
		if f.Name == "want" {
			continue
		}
		if err := os.MkdirAll(filepath.Dir(f.Name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(f.Name, f.Data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	inputs, err := engine.Find([]string{"."}, scenario.KindScenario, scenario.KindTemplate)
	if err != nil {
		t.Fatal(err)
	}
	return inputs
}

// options are what the first lines of an archive say: "root: ." and "library: shared".
func options(archive *txtar.Archive) scenario.Options {
	var o scenario.Options
	for line := range strings.Lines(string(archive.Comment)) {
		key, text, _ := strings.Cut(strings.TrimSpace(line), ": ")
		switch key {
		case "root":
			o.Root = text
		case "library":
			o.Library = append(o.Library, text)
		}
	}
	return o
}

// TestFindings compares what is said of the files of each archive with its last file, want.
func TestFindings(t *testing.T) {
	archives, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(archives) < 15 {
		t.Fatal("archives are missing", archives, err)
	}
	for _, name := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			full, err := filepath.Abs(name)
			if err != nil {
				t.Fatal(err)
			}
			archive, err := txtar.ParseFile(full)
			if err != nil {
				t.Fatal(err)
			}
			loaded, err := engine.Load(t.Context(), registry(), project(t, archive), options(archive))
			if err != nil {
				t.Fatal(err)
			}
			var got bytes.Buffer
			p := diag.Printer{Source: loaded.Source}
			if err := p.Print(&got, loaded.Diagnostics); err != nil {
				t.Fatal(err)
			}
			compare(t, full, archive, got.String())
		})
	}
}

// compare compares what was found with the last file of the archive.
func compare(t *testing.T, name string, archive *txtar.Archive, got string) {
	t.Helper()
	last := &archive.Files[len(archive.Files)-1]
	if last.Name != "want" {
		t.Fatal("the last file must be want")
	}
	if *update {
		last.Data = []byte(got)
		if err := os.WriteFile(name, txtar.Format(archive), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if d := cmp.Diff(string(last.Data), got); d != "" {
		t.Errorf("run with -update when this is right:\n%s", d)
	}
}
