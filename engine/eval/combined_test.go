package eval_test

import (
	"testing"

	"github.com/scenario-runner/scenario-runner/engine/eval"
)

// TestPredicatesOverDifferentListsStayApart guards against an optimization that makes one predicate of two when their lists
// look the same to it: the second list was never looked at.
func TestPredicatesOverDifferentListsStayApart(t *testing.T) {
	good, bad := []any{map[string]any{"ok": true}}, []any{map[string]any{"ok": false}}
	scope := eval.Scope{
		"seen": map[string]any{"first": good, "second": bad, "nested": []any{map[string]any{"first": good, "second": bad}}},
		"pods": []any{map[string]any{"owners": []any{}, "args": []any{"--secret"}}},
	}
	env := eval.NewEnv().With("seen", eval.AnyType).With("pods", eval.ListOf(pod()))
	for source, want := range map[string]bool{
		"all(seen.first, .ok) && all(seen.second, .ok)":                        false,
		"all(seen.first, .ok) && all(seen.first, .ok)":                         true,
		"any(seen.second, .ok) || any(seen.first, .ok)":                        true,
		"none(seen.second, .ok) && none(seen.first, .ok)":                      false,
		"all(seen.nested, all(.first, .ok) && all(.second, .ok))":              false,
		"all(seen.nested, all(.second ?? [], .ok) && all(.first, .ok))":        false,
		"all(pods, none(.owners, .deleted == 'x') && none(.args, # == 'a'))":   true,
		"all(pods, none(.owners, .deleted == 'x') && none(.args, # != 'b'))":   false,
		"all(pods[0].args, # != '') && all(pods[1:], .deleted == 'x')":         true,
		"any(pods[0].args, # == '') || any(pods[0].args, # contains 'secret')": true,
	} {
		program, problem := env.Compile(source, eval.Bool)
		if problem != nil {
			t.Errorf("%s: %v", source, problem)
			continue
		}
		got, err := program.Eval(scope)
		if err != nil || got != want {
			t.Errorf("%s = %v, %v; want %v", source, got, err, want)
		}
	}
}
