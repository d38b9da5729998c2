package scenario_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/engine/step"
)

const demanding = `apiVersion: scenario-runner/v1
kind: Scenario
metadata: {name: careful}
safety:
  contexts: [kind-*, staging]
  forbiddenNamespaces: shop-*
  requireLabel: chaos=allowed
  maxPods: 3
  maxNodes: 1
  maxPercent: 50
locks: [node/*, alert/Down, node/*]
steps:
  - check: scenario.name == 'careful'
`

func TestSafetyAndLocks(t *testing.T) {
	s, diags := loader(t).Load("careful.yaml", []byte(demanding))
	if s == nil || diags.HasErrors() {
		t.Fatal(diags)
	}
	want := step.Safety{
		Contexts: []string{"kind-*", "staging"}, ForbiddenNamespaces: []string{"shop-*"}, RequireLabel: "chaos=allowed",
		MaxPods: 3, MaxNodes: 1, MaxPercent: 50,
	}
	if diff := cmp.Diff(want, s.Safety) + cmp.Diff([]string{"alert/Down", "node/*"}, s.Locks); diff != "" {
		t.Error(diff)
	}
}

func TestSafetyThatLimitsNothing(t *testing.T) {
	wrong := `apiVersion: scenario-runner/v1
kind: Scenario
metadata: {name: careless}
safety: {requireLabel: allowed, maxPods: 0, maxNodes: -1, maxPercent: 101}
locks: [""]
steps:
  - check: scenario.name == 'careless'
`
	_, diags := loader(t).Load("careless.yaml", []byte(wrong))
	var got []string
	for _, d := range diags.Sorted() {
		got = append(got, d.Message)
	}
	want := []string{
		`requireLabel is a label as key=value, such as chaos=allowed, found "allowed"`,
		"maxPods must be 1 or more, found 0; without it there is no limit",
		"maxNodes must be 1 or more, found -1; without it there is no limit",
		"maxPercent must be from 1 to 100, found 101",
		"a lock needs a name, such as node/worker-1",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
