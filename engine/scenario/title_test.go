package scenario_test

import (
	"testing"

	"github.com/scenario-runner/scenario-runner/engine/eval"
)

// TestNameWithValues: the name that an author gives a step may hold values that are only known in the run.
func TestNameWithValues(t *testing.T) {
	s, diags := loader(t).Load("x.yaml", []byte(`apiVersion: scenario-runner/v1
kind: Scenario
metadata: {name: x}
vars: {shop: here}
steps:
  - name: asks ${{ vars.shop }}
    say: hello
  - check: vars.shop == "here"
`))
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	first := s.Steps.Steps[0]
	if first.Title != "asks ${{ vars.shop }}" {
		t.Errorf("before the run it is called %q", first.Title)
	}
	if title, ok := first.TitleIn(eval.Scope{"vars": map[string]any{"shop": "there"}}); title != "asks there" || !ok {
		t.Errorf("in the run it is called %q, %v", title, ok)
	}
	if s.Steps.Steps[1].TitleIn != nil {
		t.Error("a title without values is made again in the run")
	}
}
