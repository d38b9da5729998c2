package eval_test

import (
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/engine/eval"
)

// pod is a type as that of Kubernetes: its fields are found out on demand, and it contains itself.
func pod() eval.Type {
	text, number := eval.Type{Kind: eval.String}, eval.Type{Kind: eval.Int}
	var object eval.Type
	status := eval.ObjectOf(func() []eval.Field {
		return []eval.Field{{Name: "phase", Type: text}, {Name: "restarts", Type: number}, {Name: "ready", Type: eval.Type{Kind: eval.Bool}}, {Name: "anything"}}
	})
	object = eval.ObjectOf(func() []eval.Field {
		return []eval.Field{
			{Name: "labels", Type: eval.MapOf(text)},
			{Name: "args", Type: eval.ListOf(text)},
			{Name: "deleted", Type: text},
			{Name: "status", Type: status},
			{Name: "owners", Type: eval.ListOf(object)},
			{Name: "owner", Type: object},
		}
	})
	return object
}

func typed() *eval.Env {
	return eval.NewEnv().With("pod", pod()).With("pods", eval.ListOf(pod())).With("object", eval.AnyType).
		With("steps", eval.Type{Kind: eval.Object}.With("web", "", eval.Type{Kind: eval.Object}.With("object", "", pod())))
}

func TestFieldsOnDemandAreChecked(t *testing.T) {
	for _, tt := range []struct{ source, at, text string }{
		{"pod.status.fase == 'x'", "fase", `unknown field "fase" of pod.status; did you mean "phase"? it has phase, restarts, ready, anything`},
		{"pod.owner.owner.owners[0].statuss.phase == 'x'", "statuss", `unknown field "statuss" of pod.owner.owner.owners[0]; did you mean "status"? it has labels, args, deleted, status, owners, owner`},
		{"all(pods, .status.fase == 'x')", "fase", `unknown field "fase" of item.status; did you mean "phase"? it has phase, restarts, ready, anything`},
		{"filter(pods, .status.ready)[0].nothing == 1", "nothing", `unknown field "nothing" of filter(pods, .status.ready)[0]; it has labels, args, deleted, status, owners, owner`},
		{"filter(pods, .status.redy)[0].args == []", "redy", `unknown field "redy" of item.status; did you mean "ready"? it has phase, restarts, ready, anything`},
		{"steps.web.object.status.phase > 1", ">", "> can't join text and a whole number; write quantity(…) for amounts such as 256Mi, or int(…)"},
		{"pod?.status?.restarts == 'x'", "==", "== can't join a whole number and text; write quantity(…) for amounts such as 256Mi, or int(…)"},
		{"pod.args == 2", "==", "== can't join a list and a whole number; write len(…) for the number of its items"},
		{"pod.args == 'a'", "==", "== can't join a list and text; write … in … to look for an item"},
		{"pod.owners.status == 1", "status", `pod.owners is a list, which has no field "status"; choose an item, as in pod.owners[0].status, or write any(pod.owners, .status == …)`},
		{"pod.status.phase.name == 'x'", "name", `pod.status.phase is text, which has no field "name"`},
		{"any(pod.status, .phase == 'x')", "status", "any needs a list, and this is an object"},
		{"duration(pod.status) > duration('1s')", "status", "duration needs text or a duration here, and this is an object"},
		{"semver(pod.status, '1') and true", "status", "semver needs text here, and this is an object"},
		{"len(pod.status.restarts) == 1", "len", "len can't take a whole number"},
		{"pod.status.restarts() == 1", "restarts", "this is a whole number, and only functions can be called"},
		{"1 in pod.args", "in", "in can't look for a whole number in a list of which each item is text"},
		{"pod.status.restarts and true", "and", "and joins conditions, and one side is a whole number; compare it with something"},
	} {
		t.Run(tt.source, func(t *testing.T) {
			_, p := typed().Compile(tt.source, eval.Bool)
			if p == nil {
				t.Fatal("it compiles")
			}
			if p.Message != tt.text {
				t.Errorf("message\n got %s\nwant %s", p.Message, tt.text)
			}
			if got := string([]rune(tt.source)[p.From:p.To]); got != tt.at {
				t.Errorf("underlines %q, want %q", got, tt.at)
			}
		})
	}
}

// TestAbsentFieldsAreZero shows what is read of fields that the type has and the value has not.
func TestAbsentFieldsAreZero(t *testing.T) {
	scope := eval.Scope{
		"pod":    map[string]any{"status": map[string]any{"restarts": int64(3), "phase": nil}},
		"pods":   []any{map[string]any{}, map[string]any{"status": map[string]any{"restarts": int64(1)}}},
		"object": nil,
		"steps":  map[string]any{"web": map[string]any{"object": nil}},
	}
	for source, want := range map[string]any{
		"pod.status.restarts == 3":                           true,
		"pod.status.restarts":                                3,
		"pod.owner.status.restarts == 0":                     true,
		"pod.owner.status.restarts > 1":                      false,
		"pod.status.restarts in [2, 3]":                      true,
		"pod.status.restarts in 2..4":                        true,
		"pod?.owner?.status?.phase in ['a', 'b']":            false,
		"pod.status.phase in ['', 'b']":                      true,
		"sum(map(pods, .status.restarts)) == 1":              true,
		"max(map(pods, .status.restarts)) + 0.5":             1.5,
		"pods[0:1] == [pods[0]]":                             true,
		"pod.status.restarts % 2 == 1":                       true,
		"-pod.status.restarts < 0":                           true,
		"pod.status.phase + 'x'":                             "x",
		"pod.status.phase matches '^$'":                      true,
		"pods | filter(.status.restarts > 0) | len()":        1,
		"groupBy(pods, .status.restarts)[0] == [pods[0]]":    true,
		"string(pod.status.restarts)":                        "3",
		"pods[1].status.restarts == 1":                       true,
		"pods[-1].status.restarts == 1":                      true,
		"(pods[5] ?? 'none') == 'none'":                      true,
		"pods[5] == nil":                                     true,
		"pods[5]?.status.phase":                              nil,
		"pods[len(pods) - 1].status.restarts":                1,
		"pod.args[0] == nil":                                 true,
		"get(pod.args, 0)":                                   nil,
		"[1, 2][1] + 1":                                      3,
		"pod.status['restarts']":                             3,
		"pod.status.phase == ''":                             true,
		"pod.status.phase":                                   "",
		"pod.status.ready":                                   false,
		"pod.status.anything == nil":                         true,
		"pod.status.anything":                                nil,
		"len(pod.args)":                                      0,
		"pod.owner":                                          map[string]any{},
		"count(pods, .status.restarts > 0)":                  1,
		"map(pods, .status.restarts)":                        []any{0, int64(1)},
		"'a' in pod.labels":                                  false,
		"pod.deleted == nil":                                 true,
		"pod.deleted != nil":                                 false,
		"nil == pod.owner.deleted":                           true,
		"pod.status.restarts == nil":                         false,
		"pod.deleted ?? 'never'":                             "never",
		"pod.owner.owner.deleted ?? 'never'":                 "never",
		"pod?.owner?.status?.phase == nil":                   true,
		"pod?.status.restarts > 2":                           true,
		"pod?.owner.status.restarts == 0":                    true,
		"pod.owner?.status.phase == ''":                      true,
		"object?.status.phase == nil":                        true,
		"object?.status.phase":                               nil,
		"steps.web.object == nil":                            true,
		"steps.web.object?.status.restarts":                  nil,
		"steps.web.object?.status.restarts ?? 7":             7,
		"let s = pod.status; s.restarts + 1":                 4,
		"pod.status.ready ? 'a' : pod.owner.status.phase":    "",
		"find(pods, .status.restarts == 1).status.restarts":  1,
		"pod.status.restarts == pod?.status?.restarts":       true,
		"pod.status.phase == pod?.owner?.status?.phase":      false,
		"find(pods, .status.restarts == 9)?.status.restarts": nil,
	} {
		t.Run(source, func(t *testing.T) {
			p, problem := typed().Compile(source, eval.Any)
			if problem != nil {
				t.Fatal(problem)
			}
			got, err := p.Eval(scope)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Error(d)
			}
		})
	}
	for source, want := range map[string]string{
		"steps.web.object.status.phase == ''":                          `steps.web.object is nothing, so it has no "status" (write steps.web.object?.status where it may be absent)`,
		"pod.args[0] == ''":                                            "pod.args has no item 0, because it is empty (write get(pod.args, 0) where it may be absent)",
		"pods[1 + 1].args == []":                                       "pods has no item 2, because it has only 2 (write get(pods, 2) where it may be absent)",
		"steps.web.object.args[0] == ''":                               `steps.web.object is nothing, so it has no "args" (write steps.web.object?.args where it may be absent)`,
		"pods[find(pods, .args[0] == 'x').status.restarts].args == []": "item.args has no item 0, because it is empty (write get(item.args, 0) where it may be absent)",
		"pod.labels.app == ''":                                         "pod.labels has no field \"app\"; it is empty (where it may be absent write `pod.labels.app ?? …`)",
		"find(pods, .status.restarts == 9).status.ready":               `find(pods, .status.restarts == 9) is nothing, so it has no "status" (write find(pods, .status.restarts == 9)?.status where it may be absent)`,
		"pod.status.anything.deep == 1":                                `pod.status.anything is nothing, so it has no "deep" (write pod.status.anything?.deep where it may be absent)`,
		"(steps.web.object.status.restarts ?? 3) == 3":                 `steps.web.object is nothing, so it has no "status" (write steps.web.object?.status where it may be absent)`,
		"map(pods, .labels.app) == ['a']":                              "item.labels has no field \"app\"; it is empty (where it may be absent write `item.labels.app ?? …`)",
	} {
		p, problem := typed().Compile(source, eval.Any)
		if problem != nil {
			t.Error(source, problem)
			continue
		}
		if _, err := p.Eval(scope); err == nil || err.Error() != want {
			t.Errorf("%s\n got %v\nwant %s", source, err, want)
		}
	}
}

func TestTypeOfTheResult(t *testing.T) {
	for source, want := range map[string][]string{
		"pod.status":                     {"phase", "restarts", "ready", "anything"},
		"filter(pods, .status.ready)[0]": {"labels", "args", "deleted", "status", "owners", "owner"},
		"pods[0].owner?.status":          {"phase", "restarts", "ready", "anything"},
	} {
		p, problem := typed().Compile(source, eval.Any)
		if problem != nil {
			t.Fatal(problem)
		}
		if d := cmp.Diff(want, p.Type.Names()); d != "" {
			t.Error(source, d)
		}
	}
	for source, want := range map[string]eval.Kind{
		"pod.status.restarts + 1": eval.Int, "pod.labels": eval.Map, "pod.labels.a": eval.String, "pod.status.anything": eval.Any, "pods": eval.List,
	} {
		p, problem := typed().Compile(source, eval.Any)
		if problem != nil {
			t.Fatal(problem)
		}
		if p.Type.Kind != want {
			t.Errorf("%s is %s", source, p.Type.Kind)
		}
	}
}

func TestExplainOfAbsentFields(t *testing.T) {
	p, problem := typed().Compile("pod.deleted != nil and pod.owner.status.restarts > 0", eval.Bool)
	if problem != nil {
		t.Fatal(problem)
	}
	want := []eval.Operand{{Text: "pod.deleted", Value: "nil"}, {Text: "pod.owner.status.restarts", Value: "0"}}
	if d := cmp.Diff(want, p.Explain(eval.Scope{"pod": map[string]any{}})); d != "" {
		t.Error(d)
	}
}

func BenchmarkEval(b *testing.B) {
	scope := eval.Scope{"object": map[string]any{"status": map[string]any{"restarts": int64(3)}}}
	scope["pod"] = scope["object"]
	for _, source := range []string{"object.status.restarts >= 3", "pod.status.restarts >= 3"} {
		b.Run(source, func(b *testing.B) {
			p, problem := typed().Compile(source, eval.Bool)
			if problem != nil {
				b.Fatal(problem)
			}
			for b.Loop() {
				if v, err := p.Eval(scope); err != nil || v != true {
					b.Fatal(v, err)
				}
			}
		})
	}
}

// TestExplainAtTheSameTime is for the race detector: programs of one file share their environment.
func TestExplainAtTheSameTime(t *testing.T) {
	env := typed()
	var programs []*eval.Program
	for _, source := range []string{"pod.status.restarts > 5", "pod.owner.status.ready", "all(pods, .status.phase == 'x')", "steps.web.object.labels.a == 'b'"} {
		p, problem := env.Compile(source, eval.Bool)
		if problem != nil {
			t.Fatal(problem)
		}
		programs = append(programs, p)
	}
	scope := eval.Scope{"pod": map[string]any{}, "pods": []any{map[string]any{}}, "steps": map[string]any{"web": map[string]any{"object": nil}}}
	var explaining sync.WaitGroup
	for range 8 {
		for _, p := range programs {
			explaining.Go(func() {
				if len(p.Explain(scope)) == 0 {
					t.Errorf("%s is not explained", p.Source)
				}
			})
		}
	}
	explaining.Wait()
}
