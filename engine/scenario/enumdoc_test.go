package scenario_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/engine/field"
	"github.com/scenario-runner/scenario-runner/engine/scenario"
)

func TestEnumDocs(t *testing.T) {
	const doc = "# x\n\n| other | y |\n|---|---|\n| `a` | wrong; its head is |\n\ntext\n\n| mode | hits | effect |\n|---|---|---|\n| `fast` | pods, or nodes | they are gone |\n| `slow` | nodes | |\n"
	for _, test := range []struct {
		sentence string
		values   []string
		want     []string
	}{
		{"How: merge replaces lists, json is a list of operations. Without it merge.", []string{"merge", "json"}, []string{"replaces lists", "is a list of operations"}},
		{"How it is done.", []string{"fast", "slow", "other"}, []string{"hits: pods, or nodes; effect: they are gone", "hits: nodes", ""}},
		{"With keep it stays.", []string{"auto", "keep"}, nil},
	} {
		if d := cmp.Diff(test.want, scenario.EnumDocs(&field.Field{Doc: test.sentence, Enum: test.values}, doc)); d != "" {
			t.Errorf("%s: %s", test.sentence, d)
		}
	}
}
