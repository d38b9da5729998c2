package builtin

import (
	"encoding/json"
	"testing"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"

	"github.com/google/go-cmp/cmp"
)

// patched applies operations as the server does.
func patched(t *testing.T, content map[string]any, operations []operation) (map[string]any, error) {
	t.Helper()
	document, err := json.Marshal(content)
	if err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(operations)
	if err != nil {
		t.Fatal(err)
	}
	patch, err := jsonpatch.DecodePatch(body)
	if err != nil {
		t.Fatal(err)
	}
	result, err := patch.Apply(document)
	if err != nil {
		return nil, err
	}
	var out map[string]any
	if err := json.Unmarshal(result, &out); err != nil {
		t.Fatal(err)
	}
	return out, nil
}

func object(t *testing.T, text string) map[string]any {
	t.Helper()
	var out map[string]any
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// fromLedger is the edit after its way through the journal.
func fromLedger(t *testing.T, e edit) edit {
	t.Helper()
	raw, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	var out edit
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestEditAndRevertAreExact(t *testing.T) {
	tests := []struct {
		name, before, after string
		value               any
		path                []string
	}{
		{"number", `{"spec":{"replicas":3}}`, `{"spec":{"replicas":0}}`, 0, []string{"spec", "replicas"}},
		{"element by name", `{"c":[{"name":"a","image":"x"},{"name":"b","image":"y"}]}`, `{"c":[{"name":"a","image":"x"},{"name":"b","image":"z"}]}`, "z", []string{"c", byName("b"), "image"}},
		{"absent", `{"m":{"a":{}}}`, `{"m":{"a":{"k":"v"}}}`, "v", []string{"m", "a", "k"}},
		{"special characters", `{"data":{"a/b~c":"1"}}`, `{"data":{"a/b~c":"2"}}`, "2", []string{"data", "a/b~c"}},
		{"empty text", `{"data":{"a":""}}`, `{"data":{"a":"x"}}`, "x", []string{"data", "a"}},
		{"null", `{"data":{"a":null}}`, `{"data":{"a":"x"}}`, "x", []string{"data", "a"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before := object(t, tt.before)
			e := prepare(before, tt.value, tt.path...)
			after, err := patched(t, before, e.apply(before))
			if diff := cmp.Diff(object(t, tt.after), after); err != nil || diff != "" {
				t.Fatal(err, diff)
			}
			restored, err := patched(t, after, fromLedger(t, e).revert(after))
			if diff := cmp.Diff(before, restored); err != nil || diff != "" {
				t.Error(err, diff)
			}
		})
	}
}

func TestEditMakesMissingParents(t *testing.T) {
	before := object(t, `{"metadata":{"name":"a"}}`)
	e := prepare(before, "true", "metadata", "annotations", "example.com/x")
	after, err := patched(t, before, e.apply(before))
	if diff := cmp.Diff(object(t, `{"metadata":{"name":"a","annotations":{"example.com/x":"true"}}}`), after); err != nil || diff != "" {
		t.Fatal(err, diff)
	}
	restored, err := patched(t, after, fromLedger(t, e).revert(after))
	// The server drops an empty map of annotations.
	if diff := cmp.Diff(object(t, `{"metadata":{"name":"a","annotations":{}}}`), restored); err != nil || diff != "" {
		t.Error(err, diff)
	}
}

func TestRevertLeavesWhatOthersSet(t *testing.T) {
	before := object(t, `{"c":[{"name":"a","image":"x"}]}`)
	e := prepare(before, "broken", "c", byName("a"), "image")
	for _, now := range []string{
		`{"c":[{"name":"a","image":"repaired"}]}`, `{"c":[{"name":"b","image":"broken"}]}`, `{"c":[]}`, `{}`, `{"c":"text"}`,
	} {
		if operations := e.revert(object(t, now)); operations != nil {
			t.Errorf("%s would be changed: %v", now, operations)
		}
	}
	moved := object(t, `{"c":[{"name":"b","image":"y"},{"name":"a","image":"broken"}]}`)
	restored, err := patched(t, moved, e.revert(moved))
	if diff := cmp.Diff(object(t, `{"c":[{"name":"b","image":"y"},{"name":"a","image":"x"}]}`), restored); err != nil || diff != "" {
		t.Error(err, diff)
	}
}

func TestRevertOfWhatTheServerLeavesOut(t *testing.T) {
	before := object(t, `{"metadata":{"resourceVersion":"5"},"spec":{"replicas":3}}`)
	e := prepare(before, 0, "spec", "replicas")
	e.Omitted = true
	now := object(t, `{"metadata":{"resourceVersion":"7"},"spec":{}}`)
	restored, err := patched(t, now, fromLedger(t, e).revert(now))
	if diff := cmp.Diff(object(t, `{"metadata":{"resourceVersion":"7"},"spec":{"replicas":3}}`), restored); err != nil || diff != "" {
		t.Error(err, diff)
	}
	later := object(t, `{"metadata":{"resourceVersion":"8"},"spec":{"replicas":4}}`)
	if _, err := patched(t, later, fromLedger(t, e).revert(now)); err == nil {
		t.Error("the revert was made although the object had changed")
	}
	if operations := e.revert(later); operations != nil {
		t.Errorf("a repair would be changed: %v", operations)
	}
}

func TestEditFailsWhenTheFieldChangedMeanwhile(t *testing.T) {
	e := prepare(object(t, `{"a":1}`), 2, "a")
	if _, err := patched(t, object(t, `{"a":5}`), e.apply(object(t, `{"a":1}`))); err == nil {
		t.Error("the edit was made although the field had changed")
	}
}

func TestWithTag(t *testing.T) {
	for image, want := range map[string]string{
		"app":                                 "app:bad",
		"app:1":                               "app:bad",
		"registry.example:5000/team/app":      "registry.example:5000/team/app:bad",
		"registry.example:5000/team/app:1.2":  "registry.example:5000/team/app:bad",
		"registry.example/app@sha256:abcdef":  "registry.example/app:bad",
		"registry.example/app:1@sha256:abcde": "registry.example/app:bad",
	} {
		if got := withTag(image, "bad"); got != want {
			t.Errorf("%s becomes %s, expected %s", image, got, want)
		}
	}
}
