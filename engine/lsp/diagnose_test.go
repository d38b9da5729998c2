package lsp_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/engine/lsp/lsptest"
)

func show(list []lsptest.Diagnostic) string {
	var lines []string
	for _, d := range list {
		r := d.Range
		lines = append(lines, fmt.Sprintf("%d:%d-%d:%d %s [%s]", r.Start.Line, r.Start.Character, r.End.Line, r.End.Character, d.Message, d.Code))
	}
	return strings.Join(lines, "\n")
}

// TestDiagnostics shows that a client sees what `validate` says, in UTF-16 columns, and that it goes away.
func TestDiagnostics(t *testing.T) {
	c := connect(t)
	uri := inFolder(t.TempDir())
	must(t, c.Open(uri, 7, head+"  - check: \"'🦊' == vars.limt\"\n"))
	got, err := c.Diagnostics(uri, 7)
	must(t, err)
	want := `8:25-8:29 no var is called "limt"; did you mean "limit"? there is limit, who [unknown-name]`
	if d := cmp.Diff(want, show(got)); d != "" {
		t.Error(d)
	}
	if page := got[0].Page.Href; page != "https://github.com/scenario-runner/scenario-runner/blob/main/docs/checks.md#unknown-name" {
		t.Errorf("the check is described at %q", page)
	}
	must(t, c.Change(uri, 8, head+"  - chek: true\n"))
	got, err = c.Diagnostics(uri, 8)
	must(t, err)
	if d := cmp.Diff(`8:4-8:8 unknown step kind "chek"; did you mean "check"? [unknown-step-kind]`, show(got)); d != "" {
		t.Error(d)
	}
	must(t, c.Change(uri, 9, quiet("  - check: steps.first.ready == 3\n")))
	got, err = c.Diagnostics(uri, 9)
	must(t, err)
	if len(got) != 0 {
		t.Error(show(got))
	}
}

// TestOnlyScenarios shows that other YAML files, which an editor may send as well, are left alone.
func TestOnlyScenarios(t *testing.T) {
	c := connect(t)
	for uri, text := range map[string]string{
		"file:///a/deployment.yaml": "apiVersion: apps/v1\nkind: Deployment\nspec: {{\n",
		"untitled:Untitled-1":       "hello: world\n",
	} {
		must(t, c.Open(uri, 1, text))
		got, err := c.Diagnostics(uri, 1)
		must(t, err)
		if len(got) != 0 {
			t.Errorf("%s: %s", uri, show(got))
		}
		var answer any
		must(t, c.Request("textDocument/hover", lsptest.At(uri, lsptest.Position{}), &answer))
		if answer != nil {
			t.Errorf("%s: %v", uri, answer)
		}
	}
	must(t, c.Open("untitled:Untitled-2", 1, "apiVersion: scenario-runner/v1\n"))
	got, err := c.Diagnostics("untitled:Untitled-2", 1)
	must(t, err)
	if len(got) == 0 {
		t.Error("an unsaved scenario is not checked")
	}
}

// TestTypingIsCheckedOnce shows that a burst of changes is checked once, at the last version.
func TestTypingIsCheckedOnce(t *testing.T) {
	c := connect(t)
	uri := inFolder(t.TempDir())
	must(t, c.Open(uri, 1, head))
	if _, err := c.Diagnostics(uri, 1); err != nil {
		t.Fatal(err)
	}
	for v := 2; v < 50; v++ {
		must(t, c.Change(uri, v, head+"  - check: true\n"+strings.Repeat("#", v)))
	}
	must(t, c.Request("textDocument/documentSymbol", map[string]any{"textDocument": map[string]any{"uri": uri}}, nil))
	if n := len(c.Published); n != 0 {
		t.Errorf("%d checks before the typist rested", n)
	}
	if _, err := c.Diagnostics(uri, 49); err != nil {
		t.Fatal(err)
	}
}

// TestIncrementalChanges applies edits by range, as editors send them.
func TestIncrementalChanges(t *testing.T) {
	c := connect(t)
	uri := inFolder(t.TempDir())
	must(t, c.Open(uri, 1, head+"  - check: \"'🦊' == 'x'\"\n"))
	edit := func(line, from, to int, text string) map[string]any {
		return map[string]any{"text": text, "range": lsptest.Range{
			Start: lsptest.Position{Line: line, Character: from}, End: lsptest.Position{Line: line, Character: to},
		}}
	}
	must(t, c.Notify("textDocument/didChange", map[string]any{
		"textDocument": map[string]any{"uri": uri, "version": 2},
		"contentChanges": []any{
			edit(8, 20, 23, "vars.limi"), // behind a character of two units
			edit(8, 29, 29, "x"),
			edit(3, 0, 0, "# é\n"),
		},
	}))
	got, err := c.Diagnostics(uri, 2)
	must(t, err)
	if d := cmp.Diff(`9:25-9:30 no var is called "limix"; did you mean "limit"? there is limit, who [unknown-name]`, show(got)); d != "" {
		t.Error(d)
	}
}
