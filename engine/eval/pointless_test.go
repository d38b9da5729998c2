package eval_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/engine/eval"
)

func compiled(t *testing.T, source string) *eval.Program {
	t.Helper()
	env := eval.NewEnv().With("object", eval.AnyType).With("vars", eval.AnyType).With("list", eval.ListOf(eval.AnyType))
	p, problem := env.Compile(source, eval.Any)
	if problem != nil {
		t.Fatal(source, problem)
	}
	return p
}

func TestConstant(t *testing.T) {
	for source, want := range map[string]any{
		"true": true, "false": false, "1 == 1": true, "not (1 > 2 or true)": false, `"a" in ["b"]`: false, "1 + 1": 2,
		"object": nil, "object.a == 1": nil, "now() == now()": nil, "len(list) > 0": nil, "all([1], # > 0)": nil, "let x = object; x": nil,
	} {
		got, constant := compiled(t, source).Constant()
		if constant != (want != nil) || constant && got != want {
			t.Errorf("%s: %v, %v", source, got, constant)
		}
	}
}

func TestRoots(t *testing.T) {
	for source, want := range map[string]string{
		"vars.a == object.b and vars.c": "object vars", "1 == 1": "", "all(list, .x == vars.y)": "list vars", `vars["a"]`: "vars",
	} {
		if got := strings.Join(compiled(t, source).Roots(), " "); got != want {
			t.Errorf("%s: %q, want %q", source, got, want)
		}
	}
}

func TestPointless(t *testing.T) {
	const itself, written = "this is always true: it compares object.a with itself", "this comparison has the same outcome every time: both sides are written here"
	for source, want := range map[string][]string{
		"object.a == object.a":                        {"object.a == object.a|" + itself},
		"object.b > 1 and object.a >= object.a":       {"object.a >= object.a|" + itself},
		"object.a != object.a":                        {"object.a != object.a|this is always false: it compares object.a with itself"},
		"object.a or 1 == 2":                          {"1 == 2|" + written},
		"all(list, .x == .x)":                         {".x == .x|this is always true: it compares .x with itself"},
		"object.a == object.b":                        nil,
		"object.a[0] == object.a[1]":                  nil,
		"now() == now()":                              nil,
		"true":                                        nil,
		`object.é == 1 and "ü" == "ü"`:                {`"ü" == "ü"|` + written},
		"(object.a == 1) == (object.b == 1) or 1 > 2": {"1 > 2|" + written},
	} {
		var got []string
		for _, p := range compiled(t, source).Pointless() {
			got = append(got, string([]rune(source)[p.From:p.To])+"|"+p.Message)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s", source, d)
		}
	}
}
