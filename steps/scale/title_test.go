package scale_test

import (
	"testing"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/field"
	"github.com/scenario-runner/scenario-runner/engine/source"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/scale"
)

// TestTitleShowsWhatIsWritten: a number that is not known yet is no zero.
func TestTitleShowsWhatIsWritten(t *testing.T) {
	d := scale.New(kube.NewEnv(kube.Options{}))
	env := eval.NewEnv().With("vars", eval.AnyType)
	for body, want := range map[string]string{
		"{object: deployment/web, replicas: 0}":                                  "deployment/web to 0",
		"{object: deployment/web, replicas: '${{ vars.n }}'}":                    "deployment/web to ${{ vars.n }}",
		"{object: 'deployment/${{ vars.name }}', replicas: '${{ vars.n + 1 }}'}": "deployment/${{ vars.name }} to ${{ vars.n + 1 }}",
	} {
		file, diags := source.Parse("step.yaml", []byte(body))
		_, compiled := d.Compile(&field.Decoder{File: file, Diags: &diags}, file.Root, env)
		if compiled.Title != want || len(diags) > 0 {
			t.Errorf("%s: %q, %v", body, compiled.Title, diags)
		}
	}
}

// TestTitleOfARun: what is known when the step starts is shown in its title, and a title that can't be completed stays.
func TestTitleOfARun(t *testing.T) {
	d := scale.New(kube.NewEnv(kube.Options{}))
	env := eval.NewEnv().With("vars", eval.AnyType)
	file, diags := source.Parse("step.yaml", []byte("{object: 'deployment/${{ vars.name }}', replicas: '${{ vars.n + 1 }}'}"))
	_, compiled := d.Compile(&field.Decoder{File: file, Diags: &diags}, file.Root, env)
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	title, ok := compiled.TitleIn(eval.Scope{"vars": map[string]any{"name": "web", "n": 2}})
	if title != "deployment/web to 3" || !ok {
		t.Errorf("got %q, %v", title, ok)
	}
	if title, ok := compiled.TitleIn(eval.Scope{"vars": map[string]any{"name": "web"}}); ok {
		t.Errorf("got %q although vars.n is missing", title)
	}
}
