package suite_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/scenario"
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/engine/suite"
)

type checkConfig struct {
	That eval.Expr[bool] `yaml:"that" required:"true" shorthand:"true" doc:"What must be true."`
}

type serveConfig struct {
	Name string `yaml:"name" shorthand:"true" doc:"Name of the service."`
}

type serveOutputs struct {
	Address string `expr:"address" doc:"Where it listens."`
	Port    int    `expr:"port" doc:"The port of it."`
}

// registry has a step that judges and one with outputs.
func registry() *step.Registry {
	return &step.Registry{Steps: []step.Definition{
		step.Define(step.Spec[checkConfig, struct{}]{
			Name: "check", Group: step.Judging, Doc: "# check\n\nChecks.\n", Judges: true,
			Run: func(_ context.Context, run *step.Run, c checkConfig) (struct{}, error) {
				ok, err := c.That.Eval(run.Scope)
				if err == nil && !ok {
					err = step.Fail("it is false")
				}
				return struct{}{}, err
			},
		}),
		step.Define(step.Spec[serveConfig, serveOutputs]{
			Name: "serve", Group: step.Services, Doc: "# serve\n\nServes.\n",
			Run: func(context.Context, *step.Run, serveConfig) (serveOutputs, error) {
				return serveOutputs{Address: "127.0.0.1:80", Port: 80}, nil
			},
		}),
	}}
}

const scenarioText = `apiVersion: scenario-runner/v1
kind: Scenario
metadata: {name: NAME, labels: {LABELS}}
vars: {limit: 2, target: none, ratio: 0.5}
steps:
  - {id: web, serve: web}
  - check: vars.limit < steps.web.port and vars.target != steps.web.address and vars.ratio < steps.web.port
`

const head = "apiVersion: scenario-runner/v1\nkind: Suite\nmetadata: {name: all}\n"

// project makes a folder with scenarios, written as path to labels, and goes there.
func project(t *testing.T, scenarios map[string]string) {
	t.Helper()
	t.Chdir(t.TempDir())
	for path, labels := range scenarios {
		name := strings.TrimSuffix(filepath.Base(path), ".scenario.yaml")
		write(t, path, strings.NewReplacer("NAME", name, "LABELS", labels).Replace(scenarioText))
	}
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

// load checks a suite that stands in the present folder.
func load(t *testing.T, text string) (*suite.Suite, []string) {
	t.Helper()
	loaded, err := suite.Load(t.Context(), registry(), "all.suite.yaml", []byte(text), scenario.Options{Environment: []string{"REGION"}})
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, d := range loaded.Diagnostics {
		found = append(found, d.Error())
	}
	return loaded.Suite, found
}

// mustLoad is load for a suite without mistakes.
func mustLoad(t *testing.T, text string) *suite.Suite {
	t.Helper()
	s, found := load(t, text)
	if s == nil || len(found) > 0 {
		t.Fatal(found)
	}
	return s
}

func names(scenarios []*scenario.Scenario) string {
	var out []string
	for _, s := range scenarios {
		out = append(out, s.Name)
	}
	return strings.Join(out, " ")
}

func equal(t *testing.T, what string, want, got any) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}
