package eval_test

import (
	"testing"

	"github.com/scenario-runner/scenario-runner/engine/eval"
)

// TestListsAndMappingsAreEqualByWhatTheyHold compares values whose numbers have other Go types, as those of an object, of an
// output and of an author have.
func TestListsAndMappingsAreEqualByWhatTheyHold(t *testing.T) {
	port := func(number any) map[string]any {
		return map[string]any{"ports": []any{map[string]any{"port": number, "name": "http"}}}
	}
	scope := eval.Scope{
		"seen": port(int64(80)), "kept": port(80), "other": port(int64(81)), "nothing": nil, "empty": map[string]any{},
		"pods": []any{map[string]any{"status": map[string]any{"restarts": int64(1)}}, map[string]any{}},
	}
	env := eval.NewEnv().With("pods", eval.ListOf(pod()))
	for _, name := range []string{"seen", "kept", "other", "nothing", "empty"} {
		env = env.With(name, eval.AnyType)
	}
	for source, want := range map[string]bool{
		"seen == kept":             true,
		"seen != kept":             false,
		"seen == other":            false,
		"seen != other":            true,
		"seen == nothing":          false,
		"nothing == nothing":       true,
		"nothing == empty":         false,
		"seen == empty":            false,
		"seen.ports == kept.ports": true,
		"seen.ports[0] == {'port': 80, 'name': 'http'}": true,
		"seen.ports[0] == {'port': 80, 'nam': 'http'}":  false,
		"map(seen.ports, .port) == [80]":                true,
		"map(seen.ports, .port) == [80, 80]":            false,
		"map(seen.ports, .port) != [81]":                true,
		"map(pods, .status.restarts) == [1, 0]":         true,
		"seen.ports[0].port == kept.ports[0].port":      true,
		"seen?.ports == kept?.ports":                    true,
		"all(seen.ports, # == kept.ports[0])":           true,
		"not (seen == kept)":                            false,
		"seen == kept && kept != other":                 true,
		"(seen == kept) == (kept == seen)":              true,
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
