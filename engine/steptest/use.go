package steptest

import (
	"bytes"
	"context"
	"testing"

	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/field"
	"github.com/scenario-runner/scenario-runner/engine/source"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

// Use is one use of a step kind, for a test to run.
type Use struct {
	Definition step.Definition
	Functions  []eval.Function
	Run        *step.Run // Host, Scenario and Scope are filled in when they are empty
}

// Compile decodes the YAML that stands under the kind's key. The diagnostics are drawn as the author sees them, with
// the file name "step.yaml". Names of Run.Scope are of unknown type.
func (u Use) Compile(t testing.TB, body string) (step.Task, string) {
	t.Helper()
	file, diags := source.Parse("step.yaml", []byte(body))
	if file.Root == nil {
		t.Fatalf("not YAML: %v", diags)
	}
	env := eval.NewEnv(u.Functions...)
	for _, name := range []string{"vars", "steps", "scenario", "env", "secrets"} {
		env = env.With(name, eval.AnyType)
	}
	if u.Run != nil {
		for name := range u.Run.Scope {
			env = env.With(name, eval.AnyType)
		}
	}
	shared := &field.Shared{}
	task, _ := u.Definition.Compile(&field.Decoder{File: file, Diags: &diags, Shared: shared}, file.Root, env)
	// The step stands alone in its file.
	diags = append(diags, step.Conclude(shared, step.Whole{Kinds: []string{u.Definition.Name}, Owned: true, Broken: diags.HasErrors()})...)
	if diags.HasErrors() {
		task = nil
	}
	var b bytes.Buffer
	p := diag.Printer{Source: func(string) []byte { return []byte(body) }}
	if err := p.Print(&b, diags); err != nil {
		t.Fatal(err)
	}
	return task, b.String()
}

// Do compiles and runs the step once.
func (u Use) Do(ctx context.Context, t testing.TB, body string) (map[string]any, error) {
	t.Helper()
	task, diags := u.Compile(t, body)
	if task == nil {
		t.Fatalf("the step does not compile:\n%s", diags)
	}
	run := &step.Run{}
	if u.Run != nil {
		c := *u.Run
		run = &c
	}
	if run.Host == nil {
		run.Host = NewHost(t)
	}
	if run.Scenario.ID == "" {
		run.Scenario = step.Scenario{RunID: "test", ID: "sr-test", Name: "test", Dir: t.TempDir(), Namespace: "sr-test", Owned: true}
	}
	if run.Scope == nil {
		run.Scope = eval.Scope{}
	}
	run.Kind, run.ID = u.Definition.Name, "step1"
	return task.Run(ctx, run)
}
