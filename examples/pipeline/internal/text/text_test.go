package text_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/examples/pipeline/internal/text"
)

func TestFillKeepsTheTypeOfASingleHole(t *testing.T) {
	scope := text.Scope{"n": 3, "name": "web", "list": []any{"a"}}
	got, err := scope.Fill(map[string]any{
		"replicas": "{{ n }}", "{{ name }}": "x-{{ n }}-{{name}}", "nested": []any{"{{ list }}", true, "plain"},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"replicas": 3, "web": "x-3-web", "nested": []any{[]any{"a"}, true, "plain"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("filled otherwise (-want +got):\n%s", diff)
	}
}

func TestConditions(t *testing.T) {
	scope := text.Scope{"n": 3}
	for condition, want := range map[string]bool{"": true, "n > 2": true, "n > 3": false} {
		got, err := scope.True(condition)
		if err != nil || got != want {
			t.Errorf("%q is %t (%v), want %t", condition, got, err, want)
		}
	}
	if _, err := scope.True("n + 1"); err == nil || err.Error() != `condition "n + 1" is 4, expected true or false` {
		t.Errorf("a number as a condition: %v", err)
	}
	if _, err := scope.Fill("{{ nobody }}"); err == nil || !strings.HasPrefix(err.Error(), `expression "nobody": unknown name nobody`) {
		t.Errorf("an unknown name: %v", err)
	}
}

func TestCheckAllowsNamesThatComeLater(t *testing.T) {
	if err := text.Check("len(pods) > 1"); err != nil {
		t.Error(err)
	}
	if err := text.Check("len(pods"); err == nil || !strings.HasPrefix(err.Error(), `expression "len(pods": `) {
		t.Errorf("a broken expression: %v", err)
	}
}
