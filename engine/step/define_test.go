package step_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/engine/steptest"
)

type target struct {
	Kind string `yaml:"kind" doc:"Kind."`
	Name string `yaml:"name" doc:"Name."`
}

// UnmarshalText reads kind/name.
func (r *target) UnmarshalText(text []byte) error {
	if len(text) < 3 {
		return errors.New("write kind/name")
	}
	r.Kind, r.Name = "k", string(text)
	return nil
}

type config struct {
	Target   target            `yaml:"target" doc:"What."`
	Other    *target           `yaml:"other" doc:"What else."`
	Count    int               `yaml:"count" doc:"How many."`
	Share    float64           `yaml:"share" doc:"How much."`
	On       bool              `yaml:"on" doc:"Whether."`
	Wait     time.Duration     `yaml:"wait" doc:"How long."`
	Tags     []string          `yaml:"tags" single:"true" doc:"Tags."`
	Labels   map[string]string `yaml:"labels" doc:"Labels."`
	Body     any               `yaml:"body" doc:"Anything."`
	Until    eval.Expr[bool]   `yaml:"until" scope:"object" doc:"When."`
	Title    eval.Text         `yaml:"title" scope:"index" doc:"Title."`
	Mode     string            `yaml:"mode" enum:"a,b" doc:"Mode."`
	Untitled string            `yaml:"-"`
}

type outputs struct {
	Config any           `expr:"config" doc:"What came in."`
	Took   time.Duration `expr:"took" doc:"How long."`
}

func definition(run func(config) error) step.Definition {
	return step.Define(step.Spec[config, outputs]{
		Name: "do", Group: step.Story, Doc: "# do\n\nDoes it.\n\n```yaml\n- do: {}\n```\n",
		Default: func() config { return config{Count: 7, Wait: time.Second} },
		Check: func(c *config, p *step.Problems) {
			if c.Count > 100 {
				p.At("count", "count: %d is more than 100", c.Count)
			}
		},
		Run: func(_ context.Context, _ *step.Run, c config) (outputs, error) {
			return outputs{Took: c.Wait}, run(c)
		},
	})
}

func TestContractHolds(t *testing.T) {
	steptest.Contract(t, definition(nil))
}

func TestBindEvaluatesEverything(t *testing.T) {
	var got config
	use := steptest.Use{Definition: definition(func(c config) error { got = c; return nil }), Run: &step.Run{Scope: eval.Scope{
		"vars": map[string]any{"n": 3, "half": 0.5, "yes": true, "d": 2 * time.Second, "list": []any{"x", "y"}, "map": map[string]any{"k": "v"}, "text": "abc"},
	}}}
	_, err := use.Do(t.Context(), t, `
target: "pod-${{ vars.n }}"
other: ${{ vars.text }}
count: ${{ vars.n + 1 }}
share: ${{ vars.half }}
on: ${{ vars.yes }}
wait: ${{ vars.d }}
tags: ${{ vars.list }}
labels: {a: "${{ vars.n }}", b: plain}
body: {deep: [1, 2.5, true, null, 2026-01-01, "${{ vars.map }}", "n=${{ vars.n }}"]}
until: object.n == vars.n
title: "no ${{ index }}"
mode: ${{ 'a' }}
`)
	if err != nil {
		t.Fatal(err)
	}
	scope := eval.Scope{"vars": map[string]any{"n": 3}, "object": map[string]any{"n": 3}, "index": 5}
	if ok, err := got.Until.Eval(scope); !ok || err != nil {
		t.Error(ok, err)
	}
	if s, err := got.Title.Eval(scope); s != "no 5" || err != nil {
		t.Error(s, err)
	}
	got.Until, got.Title = eval.Expr[bool]{}, eval.Text{}
	want := config{
		Target: target{Kind: "k", Name: "pod-3"}, Other: &target{Kind: "k", Name: "abc"}, Count: 4, Share: 0.5, On: true, Wait: 2 * time.Second,
		Tags: []string{"x", "y"}, Labels: map[string]string{"a": "3", "b": "plain"}, Mode: "a",
		Body: map[string]any{"deep": []any{1, 2.5, true, nil, "2026-01-01", map[string]any{"k": "v"}, "n=3"}},
	}
	if d := cmp.Diff(want, got, cmp.AllowUnexported(eval.Expr[bool]{}, eval.Text{})); d != "" {
		t.Error(d)
	}
}

func TestDefaultsAreKeptAndNotShared(t *testing.T) {
	var got config
	use := steptest.Use{Definition: definition(func(c config) error { got = c; return nil })}
	if _, err := use.Do(t.Context(), t, "tags: one"); err != nil {
		t.Fatal(err)
	}
	if got.Count != 7 || got.Wait != time.Second || len(got.Tags) != 1 {
		t.Errorf("%+v", got)
	}
}

func TestMistakesThatOnlyValuesShow(t *testing.T) {
	for body, want := range map[string]string{
		"count: ${{ vars.text }}":         `count: expected a whole number, but the expression gave "abc"`,
		"count: ${{ vars.big }}":          "count: 500 is more than 100",
		"wait: ${{ vars.text }}":          `wait: expected a duration such as 30s, found "abc"`,
		"tags: ${{ [{}] }}":               "tags: expected text, found a mapping",
		"on: ${{ vars.nothing }}":         "on: ${{ vars.nothing }}: vars has no field \"nothing\"; it has big, text (where it may be absent write `vars.nothing ?? …`)",
		"target: ${{ 'x' }}":              "target: write kind/name",
		"mode: ${{ 'c' }}":                `mode: "c" is not one of its values; choose one of a, b`,
		"labels: {a: \"${{ vars?.n }}\"}": "labels.a: it is nothing, which can't be part of a text",
	} {
		use := steptest.Use{Definition: definition(func(config) error { return nil }), Run: &step.Run{Scope: eval.Scope{
			"vars": map[string]any{"text": "abc", "big": 500},
		}}}
		_, err := use.Do(t.Context(), t, body)
		if err == nil || err.Error() != want {
			t.Errorf("%s\n got %v\nwant %s", body, err, want)
		}
		if step.VerdictOf(err) != step.Errored {
			t.Errorf("%s: verdict %s", body, step.VerdictOf(err))
		}
	}
}

func TestVerdicts(t *testing.T) {
	for _, tt := range []struct {
		err  error
		want step.Verdict
		text string
	}{
		{nil, step.Passed, ""},
		{step.Fail("%d of 3", 2), step.Failed, "2 of 3"},
		{step.Inconclude("nothing hit"), step.Inconclusive, "nothing hit"},
		{step.Skip("no CRD"), step.Skipped, "no CRD"},
		{errors.New("refused"), step.Errored, "refused"},
		{errors.Join(errors.New("a"), step.Fail("b")), step.Failed, "a\nb"},
		{&step.Failure{Verdict: step.Failed, Message: "a", Cause: errors.New("b")}, step.Failed, "a: b"},
	} {
		if got := step.VerdictOf(tt.err); got != tt.want {
			t.Errorf("%v is %s, want %s", tt.err, got, tt.want)
		}
		if tt.err != nil && tt.err.Error() != tt.text {
			t.Errorf("text %q, want %q", tt.err, tt.text)
		}
	}
}

func TestUndoIsData(t *testing.T) {
	type data struct{ Name string }
	var did []string
	u := step.DefineUndo("x.delete", func(d data) string { return "delete " + d.Name },
		func(_ context.Context, d data) error { did = append(did, d.Name); return nil }, nil)
	raw, err := json.Marshal(data{Name: "web"})
	if err != nil {
		t.Fatal(err)
	}
	if u.Describe(raw) != "delete web" || u.Describe([]byte("[]")) != "x.delete" || u.Wait != nil {
		t.Error(u.Describe(raw))
	}
	if err := u.Start(t.Context(), raw); err != nil || len(did) != 1 {
		t.Error(err, did)
	}
	if err := u.Start(t.Context(), []byte("[]")); err == nil || err.Error() != "undo x.delete: unreadable ledger entry: json: cannot unmarshal array into Go value of type step_test.data" {
		t.Error(err)
	}
}
