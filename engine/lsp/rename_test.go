package lsp_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/engine/lsp/lsptest"
)

// renamed asks for a new name and applies the edits.
func renamed(t *testing.T, c *lsptest.Client, uri, text string, at lsptest.Position, name string) string {
	t.Helper()
	params := lsptest.At(uri, at)
	params["newName"] = name
	var edit struct {
		Changes map[string][]struct {
			Range   lsptest.Range
			NewText string
		}
	}
	must(t, c.Request("textDocument/rename", params, &edit))
	edits := edit.Changes[uri]
	for i := len(edits) - 1; i >= 0; i-- {
		text = apply(text, edits[i].Range, edits[i].NewText)
	}
	return text
}

// TestRename shows that a name is changed everywhere and nothing else is.
func TestRename(t *testing.T) {
	c := connect(t)
	uri := inFolder(t.TempDir())
	text := strings.Replace(story, "vars: {limit: 3, who: {name: me}}", "vars: {limit: 3, who: {name: me}}\nsecrets: {key: {env: KEY}, limit: {env: L}}", 1)
	must(t, c.Open(uri, 1, text))
	tests := []struct {
		needle string
		n      int
		old    string
		name   string
		want   []string
	}{
		{"first", 0, "first", "the_first", []string{
			"id: first", "id: the_first", "[first]", "[the_first]", `steps.first.ready > 1`, `steps.the_first.ready > 1`,
			"${{ steps.first", "${{ steps.the_first", `steps["first"]`, `steps["the_first"]`, "steps?.first", "steps?.the_first",
		}},
		{"limit", 0, "limit", "Most", []string{"{limit: 3", "{Most: 3", "vars.limit", "vars.Most"}},
		{"vars.limit", 0, "", "", nil},
		{"limit\n", 0, "limit", "most", []string{"{limit: 3", "{most: 3", "vars.limit", "vars.most"}},
		{"limit: {env", 0, "limit", "l", []string{"limit: {env", "l: {env"}},
	}
	for _, test := range tests {
		at := place(t, text, test.needle, test.n)
		var ready *struct{ Placeholder string }
		must(t, c.Request("textDocument/prepareRename", lsptest.At(uri, at), &ready))
		if test.old == "" {
			if ready != nil {
				t.Errorf("%s can be renamed", test.needle)
			}
			continue
		}
		if ready == nil || ready.Placeholder != test.old {
			t.Errorf("%s: %v, want %q", test.needle, ready, test.old)
		}
		if d := cmp.Diff(strings.NewReplacer(test.want...).Replace(text), renamed(t, c, uri, text, at, test.name)); d != "" {
			t.Errorf("%s: %s", test.needle, d)
		}
	}
}

func TestRenameRefused(t *testing.T) {
	c := connect(t)
	uri := inFolder(t.TempDir())
	text := story + "parameters: {image: string}\n"
	must(t, c.Open(uri, 1, text))
	tests := []struct{ needle, name, want string }{
		{"first", "The-First", `"The-First" can't be an id: it must start with a lower-case letter and have only lower-case letters, digits and underscores`},
		{"first", "second", `id "second" is used by another step`},
		{"kind", "x", "only ids of steps, vars, secrets and axes of the matrix can be renamed"},
		{"limit", "my-limit", `"my-limit" can't be a name in expressions: it must start with a letter and have only letters, digits and underscores`},
		{"limit", "who", `vars has another "who"`},
		{"image", "picture", `parameter "image" can't be renamed here: the files that use this template give it by name`},
	}
	for _, test := range tests {
		params := lsptest.At(uri, place(t, text, test.needle, 0))
		params["newName"] = test.name
		err := c.Request("textDocument/rename", params, nil)
		var refused *lsptest.Error
		if !errors.As(err, &refused) || refused.Message != test.want {
			t.Errorf("%s: %v, want %s", test.name, err, test.want)
		}
	}
}

// TestReferences lists where a name stands, with the place that declares it or without, and marks them in the file.
func TestReferences(t *testing.T) {
	const matrix = "matrix:\n  fault: [a, b]\n  size: [1]\n  include: [{fault: c, size: 1}]\n" + head + "  - check: matrix.fault == vars.limit and matrix[\"fault\"] != x.matrix.fault\n"
	tests := []struct{ name, text, needle, want, uses string }{
		{"id", story, "first", "5:8 9:12 10:14 12:24 19:19 21:18", "9:12 10:14 12:24 19:19 21:18"},
		{"var", story, "limit", "3:7 19:41", "19:41"},
		{"axis", matrix, "fault", "1:2 3:13 12:18 12:50", "3:13 12:18 12:50"},
		{"nothing", story, "kind", "", ""},
	}
	c := connect(t)
	uri := inFolder(t.TempDir())
	for _, test := range tests {
		must(t, c.Open(uri, 1, test.text))
		at := place(t, test.text, test.needle, 0)
		for declaration, want := range map[bool]string{true: test.want, false: test.uses} {
			params := lsptest.At(uri, at)
			params["context"] = map[string]any{"includeDeclaration": declaration}
			var got []location
			must(t, c.Request("textDocument/references", params, &got))
			var places []string
			for _, l := range got {
				places = append(places, fmt.Sprintf("%d:%d", l.Range.Start.Line, l.Range.Start.Character))
			}
			if d := cmp.Diff(want, strings.Join(places, " ")); d != "" {
				t.Errorf("%s: %s", test.name, d)
			}
		}
		var marks []struct {
			Range lsptest.Range
			Kind  int
		}
		must(t, c.Request("textDocument/documentHighlight", lsptest.At(uri, at), &marks))
		written := 0
		for _, m := range marks {
			if m.Kind == 3 {
				written++
			}
		}
		if len(marks) != len(strings.Fields(test.want)) || len(marks)-written != len(strings.Fields(test.uses)) {
			t.Errorf("%s: %v", test.name, marks)
		}
	}
}
