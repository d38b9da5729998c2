package eval_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/engine/eval"
)

// TestEndsOfListsAreTyped: first and last give items, whose fields are known.
func TestEndsOfListsAreTyped(t *testing.T) {
	for source, want := range map[string]string{
		"first(pods).nme == 'x'":                                "{nme} unknown field \"nme\" of first(pods); did you mean \"name\"? it has name, ready",
		"last(pods).ready == 'true'":                            "{==} == can't join true/false and text; write true, without quotes",
		"first(filter(pods, .ready)).nme == 'x'":                "{nme} unknown field \"nme\" of first(filter(pods, .ready)); did you mean \"name\"? it has name, ready",
		"last(pods) > 3":                                        "{>} > can't join an object and a whole number",
		"first(pods).name == 'a' and last(pods)?.ready == true": "",
		"first(vars.image) == 'a'":                              "{first} first can't take text",
		"first([1, 2]) == 1":                                    "",
	} {
		if d := cmp.Diff(want, told(t, source)); d != "" {
			t.Errorf("%s\n%s", source, d)
		}
	}
}

// TestEndsOfLists: an empty list has neither a first nor a last item, and what is asked of it is an error.
func TestEndsOfLists(t *testing.T) {
	pods := []any{map[string]any{"name": "a", "ready": true}, map[string]any{"name": "b", "ready": false}}
	for _, tt := range []struct {
		source string
		pods   []any
		want   any
		err    string
	}{
		{"first(pods).name + last(pods).name", pods, "ab", ""},
		{"last(filter(pods, .ready)).name", pods, "a", ""},
		{"first(pods)", nil, nil, ""},
		{"first(pods) == nil", []any{}, true, ""},
		{"last(pods)?.name", []any{}, nil, ""},
		{"last(pods)?.name ?? 'none'", []any{}, "none", ""},
		{"last(pods).name", []any{}, nil, `last(pods) is nothing, so it has no "name" (write last(pods)?.name where it may be absent)`},
	} {
		p, problem := listed().Compile(tt.source, eval.Any)
		if problem != nil {
			t.Errorf("%s: %v", tt.source, problem)
			continue
		}
		got, err := p.Eval(eval.Scope{"pods": tt.pods})
		message := ""
		if err != nil {
			message = err.Error()
		}
		if d := cmp.Diff(tt.want, got); d != "" || message != tt.err {
			t.Errorf("%s: %s, error %q", tt.source, d, message)
		}
	}
}
