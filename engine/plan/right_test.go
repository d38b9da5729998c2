package plan

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/engine/scenario"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

// errand is the config of a step that needs rights in the place that it names.
type errand struct {
	What  string `yaml:"what" shorthand:"true" doc:"What."`
	Where string `yaml:"where" doc:"Where."`
}

type group struct {
	Steps step.Block `yaml:"steps" required:"true" doc:"Steps."`
}

func needy() *step.Registry {
	return &step.Registry{Steps: []step.Definition{
		step.Define(step.Spec[errand, struct{}]{
			Name: "fetch", Group: step.Cluster, Doc: "# fetch\n\nFetches.", Judges: true,
			Needs: func(_, shown *errand, _ *step.Place, _ step.Written) []step.Right {
				return []step.Right{{Verbs: []string{"get"}, What: shown.What, Where: shown.Where, Everywhere: shown.What == "nodes"}}
			},
		}),
		step.Define(step.Spec[group, struct{}]{Name: "group", Group: step.Flow, Doc: "# group\n\nGroups."}),
		step.Define(step.Spec[errand, struct{}]{Name: "idle", Group: step.Flow, Doc: "# idle\n\nIdles."}),
	}}
}

func rightsOf(t *testing.T, text string) []string {
	t.Helper()
	l, err := scenario.NewLoader(needy(), scenario.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s, diags := l.Load("a.yaml", []byte(text))
	if s == nil {
		t.Fatal(diags)
	}
	var out []string
	for _, r := range Rights(s) {
		line := fmt.Sprintf("%s:%d %s gets %s", r.File, r.Line, r.Step, r.What)
		for name, is := range map[string]bool{" of its own": r.Own, " somewhere": r.Unknown} {
			if is {
				line += name
			}
		}
		if r.Namespace != "" {
			line += " in " + r.Namespace
		}
		if r.Cluster != "" {
			line += " on " + r.Cluster
		}
		if !r.Makes {
			line += ", needs no namespace"
		}
		out = append(out, line)
	}
	return out
}

func TestRightsAreNeededWhereStepsWork(t *testing.T) {
	const steps = `
vars: {n: x}
steps:
  - fetch: pods
  - fetch: {what: pods, where: shop}
  - fetch: {what: pods, where: "${{scenario.namespace}}"}
  - fetch: {what: pods, where: "${{ vars.n }}"}
  - fetch: nodes
  - idle: nothing
  - namespace: other
    group:
      steps:
        - fetch: secrets
        - cluster: east
          namespace: ${{ scenario.namespace }}
          fetch: secrets
finally:
  - {cluster: east, fetch: jobs}
`
	own := []string{
		"a.yaml:6 step1 gets pods of its own",
		"a.yaml:7 step2 gets pods in shop",
		"a.yaml:8 step3 gets pods of its own",
		"a.yaml:9 step4 gets pods somewhere",
		"a.yaml:10 step5 gets nodes",
		"a.yaml:15 step8 gets secrets in other, needs no namespace",
		"a.yaml:18 step9 gets secrets of its own on east",
		"a.yaml:20 step10 gets jobs of its own on east",
	}
	const head = "apiVersion: scenario-runner/v1\nkind: Scenario\nmetadata: {name: a%s}"
	if d := cmp.Diff(own, rightsOf(t, fmt.Sprintf(head, "")+steps)); d != "" {
		t.Error(d)
	}
	fixed := []string{
		"a.yaml:6 step1 gets pods in fixed, needs no namespace",
		"a.yaml:7 step2 gets pods in shop, needs no namespace",
		"a.yaml:8 step3 gets pods in fixed, needs no namespace",
		"a.yaml:9 step4 gets pods somewhere, needs no namespace",
		"a.yaml:10 step5 gets nodes, needs no namespace",
		"a.yaml:15 step8 gets secrets in other, needs no namespace",
		"a.yaml:18 step9 gets secrets in fixed on east, needs no namespace",
		"a.yaml:20 step10 gets jobs in fixed on east, needs no namespace",
	}
	if d := cmp.Diff(fixed, rightsOf(t, fmt.Sprintf(head, ", namespace: fixed")+steps)); d != "" {
		t.Error(d)
	}
}
