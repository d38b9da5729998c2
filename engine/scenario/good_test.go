package scenario_test

import (
	"strings"
	"testing"

	"github.com/scenario-runner/scenario-runner/engine/scenario"
	"github.com/scenario-runner/scenario-runner/engine/source"
)

const good = `
x-shared: &names [a, b]
apiVersion: scenario-runner/v1
kind: Scenario
metadata: {name: good, labels: {area: x}}
vars: {limit: 3, who: "${{ env.HOME }}"}
secrets: {token: {env: TOKEN}}
safety: {maxDuration: 1m}
steps:
  - id: first
    make: {names: *names}
  - background: true
    make: {names: later}
  - id: third
    make: {names: "${{ steps.first.thing.name }}", count: 2}
  - say: "limit is ${{ vars.limit }} for ${{ vars.who }}"
    needs: []
  - id: group
    needs: third
    together:
      - id: inner
        make: {names: x, count: "${{ steps.third.ready }}"}
      - check: steps.third.ready == 1
  - id: free
    needs: first
    check: steps.inner.ready == vars.limit and secrets.token != scenario.name
    retry: {attempts: 3, delay: 1s}
finally:
  - check: {given: {a: b}, that: "a == 'b' and steps.group.verdict == 'passed'"}
`

func TestEdges(t *testing.T) {
	s, diags := loader(t).Load("good.yaml", []byte(good))
	if s == nil || len(diags) > 0 {
		t.Fatal(diags)
	}
	edges := map[string]string{}
	for _, st := range s.Steps.Steps {
		edges[st.ID] = names(st.After) + "|" + names(st.AfterStart) + "|" + names(st.Needs)
	}
	want := map[string]string{
		"first": "||", "step2": "first||", "third": "first|step2|first", "step4": "||", "group": "third||third", "free": "first,group||first,group",
	}
	for id, w := range want {
		if edges[id] != w {
			t.Errorf("%s: %s, want %s", id, edges[id], w)
		}
	}
	if s.Asserts != 3 || s.Name != "good" || len(s.Vars) != 2 || len(s.Secrets) != 1 || s.MaxDuration.Minutes() != 1 {
		t.Errorf("%+v", s)
	}
}

func names(steps []*scenario.Step) string {
	var out []string
	for _, s := range steps {
		out = append(out, s.ID)
	}
	return strings.Join(out, ",")
}

func FuzzLoad(f *testing.F) {
	f.Add(good)
	f.Add("steps:\n  - check: |\n      a ==\n")
	f.Add("steps:\n- check: |")
	f.Add(good + "x-a: 1 # scenario-runner:ignore unused-var, unused-secret because x\n# scenario-runner:ignore")
	l := loader(f)
	f.Fuzz(func(t *testing.T, text string) {
		_, diags := l.Load("f.yaml", []byte(text))
		file, wrong := source.Parse("f.yaml", []byte(text))
		if !wrong.HasErrors() && l.Validator().Certain(file) {
			if violations := l.Validator().Violations(file); len(violations) > 0 {
				t.Errorf("the second gate is certain and wrong: %v", violations)
			}
		}
		lines := strings.Count(text, "\n") + 1
		for _, d := range diags {
			if d.Range.Start.Line < 1 || d.Range.Start.Line > lines || d.Range.Start.Column < 1 {
				t.Errorf("%v is outside of the file", d)
			}
		}
	})
}

func BenchmarkLoad(b *testing.B) {
	l := loader(b)
	for b.Loop() {
		if s, diags := l.Load("good.yaml", []byte(good)); s == nil {
			b.Fatal(diags)
		}
	}
}
