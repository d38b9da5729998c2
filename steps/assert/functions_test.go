package assert

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/engine/eval"
)

func TestFunctions(t *testing.T) {
	scope := eval.Scope{
		"web": map[string]any{
			"apiVersion": "apps/v1", "kind": "Deployment",
			"status": map[string]any{"conditions": []any{map[string]any{"type": "Available", "status": "True", "reason": "Enough"}}},
		},
		"none":  nil,
		"rows":  []any{map[string]any{"type": "a", "n": int64(1)}, map[string]any{"type": "b", "n": int64(2)}, map[string]any{"type": "a", "n": int64(3)}},
		"times": []any{time.Unix(10, 0), time.Unix(12, 0), time.Unix(11, 0)},
	}
	tests := []struct {
		source string
		want   any
	}{
		{`condition(web, "Available").status`, "True"},
		{`condition(web, "Available").message`, ""},
		{`condition(web, "Progressing")?.status`, nil},
		{`condition(none, "Available") == nil`, true},
		{`ready(none)`, false},
		{`missing(["a", "c"], map(rows, .type))`, []any{"c"}},
		{`missing(["a", "b"], map(rows, .type)) == []`, true},
		{`missing([1, 2], map(rows, .n)) == []`, true},
		{`repeated(map(rows, .type))`, []any{"a"}},
		{`repeated([]) == []`, true},
		{`inOrder(map(rows, .type), ["a", "b"])`, true},
		{`inOrder(map(rows, .type), ["b", "a"])`, true},
		{`inOrder(map(rows, .type), ["b", "b"])`, false},
		{`ordered(times)`, false},
		{`ordered(times, "1s")`, true},
		{`ordered(["2026-01-01T00:00:01Z", "2026-01-01T00:00:02Z"])`, true},
		{`ordered([-3, -2, -5])`, false},
		{`ordered([])`, true},
	}
	env := eval.NewEnv(Functions()...)
	for name := range scope {
		env = env.With(name, eval.AnyType)
	}
	for _, test := range tests {
		p, problem := env.Compile(test.source, eval.Any)
		if problem != nil {
			t.Errorf("%s: %v", test.source, problem)
			continue
		}
		got, err := p.Eval(scope)
		if err != nil {
			t.Errorf("%s: %v", test.source, err)
			continue
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s: -want +got\n%s", test.source, diff)
		}
	}
}

func TestFunctionsRefuse(t *testing.T) {
	tests := []struct{ source, want string }{
		{`condition("web", "Available")`, `condition(object, type): expected an object, found "web"`},
		{`ready({})`, `ready(object): expected a Kubernetes object, found {}`},
		{`ordered(["a"])`, `ordered(…): expected times or numbers, found "a"`},
		{`ordered([1, 2], "soon")`, `ordered(…, "soon"): write a number and a unit, as in 2s`},
	}
	for _, test := range tests {
		p, problem := eval.NewEnv(Functions()...).Compile(test.source, eval.Any)
		if problem != nil { // of literals that is known before the run
			if problem.Message != test.want {
				t.Errorf("%s\ngot  %v\nwant %s", test.source, problem, test.want)
			}
			continue
		}
		if _, err := p.Eval(eval.Scope{}); err == nil || err.Error() != test.want {
			t.Errorf("%s\ngot  %v\nwant %s", test.source, err, test.want)
		}
	}
}

func TestFunctionsAreDocumented(t *testing.T) {
	for _, f := range Functions() {
		if f.Doc == "" || f.Doc[len(f.Doc)-1] != '.' {
			t.Errorf("%s: the documentation must be a sentence; it is %q", f.Name, f.Doc)
		}
	}
}
