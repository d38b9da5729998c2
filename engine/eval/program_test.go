package eval_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/engine/eval"
)

func env() *eval.Env {
	web := eval.Type{Kind: eval.Object}.
		With("ready", "", eval.Type{Kind: eval.Int}).
		With("took", "", eval.Type{Kind: eval.Duration}).
		With("object", "", eval.AnyType)
	return eval.NewEnv().
		With("vars", eval.Type{Kind: eval.Object}.With("limit", "", eval.Type{Kind: eval.Int}).With("image", "", eval.Type{Kind: eval.String})).
		With("steps", eval.Type{Kind: eval.Object}.With("web", "", web)).
		With("object", eval.AnyType)
}

func scope() eval.Scope {
	return eval.Scope{
		"vars": map[string]any{"limit": 3, "image": "v1.2.3"},
		"steps": map[string]any{"web": map[string]any{
			"ready": 2, "took": 3 * time.Second, "object": map[string]any{"spec": map[string]any{"replicas": int64(2)}},
		}},
		"object": map[string]any{
			"kind":   "Pod",
			"labels": map[string]any{"app.kubernetes.io/name": "web"},
			"status": map[string]any{"replicas": int64(2), "conditions": []any{}},
			"items": []any{
				map[string]any{"metadata": map[string]any{"name": "web-a"}, "ready": true},
				map[string]any{"metadata": map[string]any{"name": "web-b"}, "ready": false},
			},
		},
	}
}

func TestMistakesAreFoundBeforeTheRun(t *testing.T) {
	for _, tt := range []struct {
		source string
		want   eval.Kind
		at     string // the part that is underlined
		text   string
	}{
		{"steps.web.readyy == 3", eval.Bool, "readyy", `unknown output "readyy" of step "web"; did you mean "ready"? it has ready, took, object`},
		{"steps.wob.ready == 3", eval.Bool, "wob", `no step has the id "wob"; did you mean "web"?`},
		{"stps.web.ready == 3", eval.Bool, "stps", `unknown name "stps"; did you mean "steps"?`},
		{"vars.limmit > 1", eval.Bool, "limmit", `no var is called "limmit"; did you mean "limit"? there is limit, image`},
		{"vars.zzz > 1", eval.Bool, "zzz", `no var is called "zzz"; there is limit, image`},
		{"vars.limit == vars.image", eval.Bool, "==", `== can't join a whole number and text; write quantity(…) for amounts such as 256Mi, or int(…)`},
		{`steps.web.took > "30s"`, eval.Bool, ">", `> can't join a duration and text; write duration("30s")`},
		{"vars.limit", eval.Bool, "vars.limit", "expected true or false, but this expression is a whole number; compare it with something"},
		{"vars.limit = 3", eval.Bool, "=", `"=" assigns nothing here; write == to compare`},
		{"vars.limit ==", eval.Bool, "==", `the expression ends too early: something must follow "=="`},
		{"nope(1)", eval.Bool, "nope", `unknown name "nope"; did you mean "none"?`},
		{"qqqqqq", eval.Any, "qqqqqq", `unknown name "qqqqqq"; known here: vars, steps, object`},
	} {
		t.Run(tt.source, func(t *testing.T) {
			_, p := env().Compile(tt.source, tt.want)
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

func TestEval(t *testing.T) {
	for source, want := range map[string]any{
		"steps.web.ready + 1 == vars.limit":                          true,
		"steps.web.object.spec.replicas == steps.web.ready":          true,
		"(object.status.missing ?? 0) == 0":                          true,
		"object.status?.missing?.deeper == nil":                      true,
		`object.labels["app.kubernetes.io/name"]`:                    "web",
		"count(object.items, .ready)":                                1,
		"steps.web.took.Seconds()":                                   3.0,
		`steps.web.took < duration("5s")`:                            true,
		`semver(vars.image, ">= 1.2, < 2")`:                          true,
		"object.items[0].metadata.name":                              "web-a",
		"object.status.conditions | filter(.type == 'x') | len()":    0,
		"map(object.items, .metadata.name)":                          []any{"web-a", "web-b"},
		`"replicas" in object.status and not ("x" in object.labels)`: true,
	} {
		t.Run(source, func(t *testing.T) {
			p, problem := env().Compile(source, eval.Any)
			if problem != nil {
				t.Fatal(problem)
			}
			got, err := p.Eval(scope())
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestMissingIsNeverEmpty(t *testing.T) {
	for source, want := range map[string]string{
		"object.status.errors != 3":   "object.status has no field \"errors\"; it has conditions, replicas (where it may be absent write `object.status.errors ?? …`)",
		"all(object.items, .spec.ok)": "item has no field \"spec\"; it has metadata, ready (where it may be absent write `item.spec ?? …`)",
		"object.status.a.b == 1":      "object.status has no field \"a\"; it has conditions, replicas (where it may be absent write `object.status.a ?? …`)",
		`object.labels["x"] == "y"`:   "object.labels has no field \"x\"; it has app.kubernetes.io/name (where it may be absent write `object.labels.x ?? …`)",
		"object.kind.name == 'x'":     `object.kind is text, which has no field "name"`,
	} {
		p, problem := env().Compile(source, eval.Bool)
		if problem != nil {
			t.Fatal(source, problem)
		}
		_, err := p.Eval(scope())
		if err == nil || err.Error() != want {
			t.Errorf("%s\n got %v\nwant %s", source, err, want)
		}
		if strings.Contains(want, "has no field \"errors\"") && eval.Missing(err) == nil {
			t.Error("it is not a MissingError")
		}
	}
	p, problem := env().Compile("object.a == 1", eval.Bool)
	if problem != nil {
		t.Fatal(problem)
	}
	_, err := p.Eval(eval.Scope{"object": nil})
	if want := `object is nothing, so it has no "a" (write object?.a where it may be absent)`; err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
}

func TestExplainShowsTheOperands(t *testing.T) {
	for source, want := range map[string][]string{
		"steps.web.ready == vars.limit":                    {"steps.web.ready = 2", "vars.limit = 3"},
		"steps.web.ready == 2 and vars.limit > 5":          {"vars.limit = 3"},
		"steps.web.ready == 3 or vars.limit > 5":           {"steps.web.ready = 2", "vars.limit = 3"},
		"not (vars.limit == 3)":                            {"vars.limit = 3"},
		"all(object.items, .ready)":                        {"all(object.items, .ready) = 1 of 2; not web-b"},
		"count(object.items, .ready) == 2":                 {"count(object.items, .ready) = 1 of 2: web-a"},
		"steps.web.ready * 2 > 10":                         {"steps.web.ready * 2 = 4", "steps.web.ready = 2"},
		`vars.image startsWith "v2"`:                       {`vars.image = "v1.2.3"`},
		"object.status.nothing == 1":                       {"object.status.nothing = (object.status has no field \"nothing\"; it has conditions, replicas (where it may be absent write `object.status.nothing ?? …`))"},
		`len(object.items) > 5`:                            {"len(object.items) = 2", `object.items = [{"metadata":{"name":"web-a"},"ready":true},{"metadata":{"name":"web-b"},"ready":false}]`},
		`steps.web.took > duration("1m")`:                  {"steps.web.took = 3s", `duration("1m") = 1m0s`},
		`object.labels["app.kubernetes.io/name"] == "api"`: {`object.labels["app.kubernetes.io/name"] = "web"`},
	} {
		t.Run(source, func(t *testing.T) {
			p, problem := env().Compile(source, eval.Bool)
			if problem != nil {
				t.Fatal(problem)
			}
			var got []string
			for _, o := range p.Explain(scope()) {
				got = append(got, o.Text+" = "+o.Value)
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestText(t *testing.T) {
	for text, want := range map[string]string{
		"plain":                                 "plain",
		"web-${{ vars.limit }}-${{vars.image}}": "web-3-v1.2.3",
		"${{ {'a': {'b': vars.limit}}.a.b }}":   "3",
		`${{ "}}" + vars.image }}`:              "}}v1.2.3",
		"${{ steps.web.took }}":                 "3s",
		"a ${{ object.status }}":                `a {"conditions":[],"replicas":2}`,
	} {
		got, problems := env().CompileText(text)
		if len(problems) > 0 {
			t.Fatal(text, problems)
		}
		if v, err := got.Eval(scope()); err != nil || v != want {
			t.Errorf("%s: got %q, %v", text, v, err)
		}
	}
	_, problems := env().CompileText("x ${{ vars.limit")
	if fmt.Sprint(problems) != `["${{" is never closed; end the expression with "}}"]` {
		t.Error(problems)
	}
	nothing, _ := env().CompileText("x-${{ object?.nope }}")
	if _, err := nothing.Eval(scope()); err == nil || err.Error() != "${{ object?.nope }}: it is nothing, which can't be part of a text" {
		t.Error(err)
	}
}

func TestReferences(t *testing.T) {
	p, problem := env().Compile("steps.web.ready > 1 and steps['web'].took != nil and any(object.items, .x == steps.web.ready)", eval.Any)
	if problem != nil {
		t.Fatal(problem)
	}
	if d := cmp.Diff([]string{"web"}, p.Steps()); d != "" {
		t.Error(d)
	}
}

func FuzzCompile(f *testing.F) {
	for _, s := range []string{"a.b?.c", "all(object.items, .x)", "steps.web.ready == 1", "${{ x }}", "let x = 1; x + object.a ?? 2", "a | b()", "pod?.owner.status.phase ?? 'x'", "filter(pods, .status.ready)[0].owners == nil"} {
		f.Add(s)
	}
	e, sc := env().With("pod", pod()).With("pods", eval.ListOf(pod())), scope()
	sc["pod"], sc["pods"] = map[string]any{"status": map[string]any{"restarts": int64(1)}}, []any{map[string]any{}, nil}
	f.Fuzz(func(t *testing.T, source string) {
		p, problem := e.Compile(source, eval.Any)
		if problem != nil {
			if problem.From < 0 || problem.To < problem.From {
				t.Errorf("%q: %+v", source, problem)
			}
			return
		}
		if _, err := p.Eval(sc); err == nil {
			p.Explain(sc)
		}
		if _, problems := e.CompileText(source); len(problems) > 0 {
			return
		}
	})
}
