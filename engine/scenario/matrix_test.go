package scenario_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/engine/scenario"
)

const matrixFile = `apiVersion: scenario-runner/v1
kind: Scenario
metadata:
  name: web
  description: with ${{ matrix.fault }}
  labels: {fault: "${{ matrix.fault }}", size: "x${{ matrix.replicas }}", plain: text}
safety: {maxDuration: "${{ matrix.limit }}"}
matrix:
  fault: [pod-delete, node-drain]
  replicas: [1, 3]
  exclude:
    - {fault: node-drain, replicas: 1}
  include:
    - {fault: pod-delete, limit: 1m}
    - {fault: node-drain, limit: 5m}
    - {fault: dns-failure, replicas: 2, limit: 10s, extra: [a, 1]}
vars: {both: "${{ matrix.fault }}-${{ matrix.replicas }}"}
steps:
  - id: made
    make: {names: ["a-${{ matrix.fault }}"], count: "${{ matrix.replicas }}", extra: {given: "${{ matrix.extra }}"}}
  - check: steps.made.ready == matrix.replicas and vars.both != ""
`

func cases(t *testing.T, text string) []*scenario.Scenario {
	t.Helper()
	opened := loader(t).Open("web.scenario.yaml", []byte(text))
	if opened.Diagnostics.HasErrors() || len(opened.Scenarios) == 0 {
		t.Fatal(opened.Diagnostics)
	}
	return opened.Scenarios
}

func TestCasesOfAMatrix(t *testing.T) {
	var got []string
	for _, s := range cases(t, matrixFile) {
		both, err := s.Vars[0].Value.Eval(nil)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, s.Name, s.Key, s.Description, s.Labels["fault"]+" "+s.Labels["size"]+" "+s.Labels["plain"], s.MaxDuration.String(), both.(string))
	}
	want := []string{
		"web [fault=pod-delete, replicas=1, limit=1m]", "web.scenario.yaml#fault=pod-delete, replicas=1, limit=1m",
		"with pod-delete", "pod-delete x1 text", "1m0s", "pod-delete-1",
		"web [fault=pod-delete, replicas=3, limit=1m]", "web.scenario.yaml#fault=pod-delete, replicas=3, limit=1m",
		"with pod-delete", "pod-delete x3 text", "1m0s", "pod-delete-3",
		"web [fault=node-drain, replicas=3, limit=5m]", "web.scenario.yaml#fault=node-drain, replicas=3, limit=5m",
		"with node-drain", "node-drain x3 text", "5m0s", "node-drain-3",
		`web [fault=dns-failure, replicas=2, limit=10s, extra=["a",1]]`, `web.scenario.yaml#fault=dns-failure, replicas=2, limit=10s, extra=["a",1]`,
		"with dns-failure", "dns-failure x2 text", "10s", "dns-failure-2",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	values := cases(t, matrixFile)[0].Matrix
	if d := cmp.Diff(map[string]any{"fault": "pod-delete", "replicas": 1, "limit": "1m", "extra": nil}, values); d != "" {
		t.Error(d)
	}
}

// TestIncludeIsThatOfGitHub has the example of GitHub's documentation, with its outcome.
func TestIncludeIsThatOfGitHub(t *testing.T) {
	const text = `apiVersion: scenario-runner/v1
kind: Scenario
metadata: {name: x}
matrix:
  fruit: [apple, pear]
  animal: [cat, dog]
  include:
    - color: green
    - color: pink
      animal: cat
    - fruit: apple
      shape: circle
    - fruit: banana
    - fruit: banana
      animal: cat
steps:
  - check: matrix.fruit != matrix.animal and matrix.color == matrix.shape
`
	var got []string
	for _, s := range cases(t, text) {
		got = append(got, s.Name)
	}
	want := []string{
		"x [fruit=apple, animal=cat, color=pink, shape=circle]",
		"x [fruit=apple, animal=dog, color=green, shape=circle]",
		"x [fruit=pear, animal=cat, color=pink]",
		"x [fruit=pear, animal=dog, color=green]",
		"x [fruit=banana]",
		"x [fruit=banana, animal=cat]",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestTypesOfMatrix(t *testing.T) {
	inspection := loader(t).Inspect("web.scenario.yaml", []byte(matrixFile))
	env := inspection.EnvAt([]string{"steps", "1", "check", "that"})
	m, _ := env.Names().Field("matrix")
	var got []string
	for _, f := range m.Type.Members() {
		got = append(got, f.Name+" "+f.Type.Kind.String())
	}
	if d := cmp.Diff([]string{"fault text", "replicas a whole number", "limit text", "extra anything"}, got); d != "" {
		t.Error(d)
	}
}
