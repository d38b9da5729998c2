package plan

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"gopkg.in/yaml.v3"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/field"
	"github.com/scenario-runner/scenario-runner/engine/scenario"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

type config struct {
	What string `yaml:"what" shorthand:"true" doc:"What."`
}

// telling is a task that tells what it will touch.
type telling struct{ step.Task }

func (telling) Touches() []step.Touch {
	return []step.Touch{{Verb: "drain", What: "node worker-1", Where: "cluster east"}, {Verb: "evict", What: "its pods"}}
}

func registry() *step.Registry {
	title := func(c *config) string { return c.What }
	node := step.Define(step.Spec[config, struct{}]{Name: "node", Group: step.Cluster, Doc: "# node\n\nDrains.", Title: title})
	compile := node.Compile
	node.Compile = func(d *field.Decoder, n *yaml.Node, env *eval.Env) (step.Task, step.Compiled) {
		task, compiled := compile(d, n, env)
		return telling{task}, compiled
	}
	return &step.Registry{Steps: []step.Definition{
		node,
		step.Define(step.Spec[config, struct{}]{Name: "patch", Group: step.Cluster, Doc: "# patch\n\nPatches.", Title: title}),
		step.Define(step.Spec[config, struct{}]{Name: "check", Group: step.Story, Doc: "# check\n\nChecks.", Judges: true, Title: title}),
		step.Define(step.Spec[config, struct{}]{Name: "note", Group: step.Flow, Doc: "# note\n\nNotes.", Title: title}),
	}}
}

func load(t *testing.T, steps string) *scenario.Scenario {
	t.Helper()
	l, err := scenario.NewLoader(registry(), scenario.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s, diags := l.Load("a.yaml", []byte("apiVersion: scenario-runner/v1\nkind: Scenario\nmetadata: {name: a}\nvars: {n: shop}\nsteps:\n"+steps))
	if s == nil {
		t.Fatal(diags)
	}
	return s
}

func TestTouchesAreWhatStepsTellElseTheirTitles(t *testing.T) {
	p := Of(load(t, `
  - id: drained
    node: worker-1
  - patch: a
  - patch: b
    namespace: ${{ vars.n }}-x
    cluster: east
  - note: nothing
  - check: all
`), registry())
	want := []Touch{
		{Step: "drained", Touch: step.Touch{Verb: "drain", What: "node worker-1", Where: "cluster east"}},
		{Step: "drained", Touch: step.Touch{Verb: "evict", What: "its pods"}},
		{Step: "step2", Touch: step.Touch{Verb: "patch", What: "a"}},
		{Step: "step3", Touch: step.Touch{Verb: "patch", What: "b", Where: "cluster east, namespace …${{ vars.n }}…"}},
	}
	if d := cmp.Diff(want, p.Touches, cmpopts.IgnoreUnexported(Touch{})); d != "" {
		t.Error(d)
	}
}

func TestRemarksSayOnlyWhatIsUnusual(t *testing.T) {
	p := Of(load(t, `
  - id: a
    patch: a
  - id: b
    background: true
    patch: b
  - id: c
    patch: c
  - id: d
    needs: [a, c]
    check: d
    if: |
      1
        == 1
    timeout: 90m
    retry: {attempts: 3}
  - needs: []
    always: true
    continueOnError: true
    note: e
`), registry())
	want := []string{
		"", "in the background", "after a; beside b", "if 1 == 1; up to 3 attempts; at most 1h30m", "at once; always; may fail",
	}
	var got []string
	for _, s := range p.Steps {
		got = append(got, s.remarks())
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"a", "c"}, p.Steps[3].After); d != "" {
		t.Errorf("JSON must list all that a step waits for: %s", d)
	}
}

func TestMermaidLabelsAreEscaped(t *testing.T) {
	var b strings.Builder
	if err := Mermaid(&b, []Plan{Of(load(t, "\n  - check: '\"a\" <b> #1 & `c`'\n"), registry())}); err != nil {
		t.Fatal(err)
	}
	if want := `s1_step1["check: #quot;a#quot; #lt;b#gt; #35;1 #amp; #96;c#96;"]`; !strings.Contains(b.String(), want) {
		t.Errorf("%s is missing in\n%s", want, b.String())
	}
}
