package set

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/field"
	"github.com/scenario-runner/scenario-runner/engine/source"
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/engine/steptest"
)

func TestContract(t *testing.T) { steptest.Contract(t, New()) }

func TestValuesKeepTheirType(t *testing.T) {
	u := steptest.Use{Definition: New(), Run: &step.Run{Scope: eval.Scope{
		"vars":  map[string]any{"replicas": 3, "tags": []any{"a", "b"}},
		"steps": map[string]any{},
	}}}
	got, err := u.Do(t.Context(), t, `
wanted: ${{ vars.replicas + 2 }}
text: web-${{ vars.replicas }}
list: [1, "${{ vars.replicas }}", {deep: "${{ vars.tags }}"}]
absent: null
whole: 7
"off": false
`)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"wanted": 5, "text": "web-3", "absent": nil, "whole": 7, "off": false,
		"list": []any{1, 3, map[string]any{"deep": []any{"a", "b"}}},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("outputs (-want +got):\n%s", d)
	}
}

func TestOutputsAreTypedBeforeTheRun(t *testing.T) {
	file, diags := source.Parse("step.yaml", []byte(`{count: "${{ 1 + 2 }}", name: web, object: {ready: true}}`))
	task, compiled := New().Compile(&field.Decoder{File: file, Diags: &diags}, file.Root, eval.NewEnv())
	if task == nil {
		t.Fatalf("does not compile: %v", diags)
	}
	for name, want := range map[string]eval.Kind{"count": eval.Int, "name": eval.String, "object": eval.Object} {
		if f, ok := compiled.Outputs.Field(name); !ok || f.Type.Kind != want {
			t.Errorf("%s: got type %v, want %v", name, f.Type.Kind, want)
		}
	}
	if want := "set count, name, object"; compiled.Title != want {
		t.Errorf("title is %q, want %q", compiled.Title, want)
	}
}

func TestMistakes(t *testing.T) {
	for name, c := range map[string]struct{ body, want string }{
		"no mapping": {"${{ vars.all }}", `step.yaml:1:1: set needs a mapping of names to values, written out; only the values may hold ${{ }} [invalid-value]`},
		"bad name":   {"my-name: 1", `step.yaml:1:1: "my-name" can't be named in an expression; use letters, digits and underscores [invalid-name]`},
		"text":       {"hello", `step.yaml:1:1: set: expected a mapping, found "hello" [wrong-type]`},
	} {
		t.Run(name, func(t *testing.T) {
			task, got := steptest.Use{Definition: New()}.Compile(t, c.body)
			if task != nil {
				t.Error("it compiles")
			}
			if line := firstLine(got); line != c.want {
				t.Errorf("got  %s\nwant %s", line, c.want)
			}
		})
	}
}

func TestRuntimeErrorNamesTheValue(t *testing.T) {
	u := steptest.Use{Definition: New(), Run: &step.Run{Scope: eval.Scope{"vars": map[string]any{"a": 1}}}}
	_, err := u.Do(t.Context(), t, `wanted: ${{ vars.b }}`)
	const want = "wanted: ${{ vars.b }}: vars has no field \"b\"; it has a (where it may be absent write `vars.b ?? …`)"
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	if v := step.VerdictOf(err); v != step.Errored {
		t.Errorf("verdict is %s, want errored", v)
	}
}

func firstLine(s string) string {
	for i, r := range s {
		if r == '\n' {
			return s[:i]
		}
	}
	return s
}
