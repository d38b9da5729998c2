package lsp_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/engine/lsp/lsptest"
)

type action struct {
	Title       string
	IsPreferred bool
	Edit        struct {
		Changes map[string][]struct {
			Range   lsptest.Range
			NewText string
		}
	}
}

func actionsOf(t *testing.T, c *lsptest.Client, uri string, at lsptest.Range) []action {
	t.Helper()
	var all []action
	must(t, c.Request("textDocument/codeAction", map[string]any{"textDocument": map[string]any{"uri": uri}, "range": at}, &all))
	return all
}

// TestQuickFixes applies what is proposed for a mistake. After the first one the file is right, unless the case says what
// is left.
func TestQuickFixes(t *testing.T) {
	const asserting = "  - check: steps.first.ready > 1\n"
	tests := []struct{ wrong, titles, right, left string }{
		{"  - chek: steps.first.ready > 1\n", "Write check", "  - check: steps.first.ready > 1\n", ""},
		{"  - check: vars.limt == steps.first.ready\n", "Write limit", "  - check: vars.limit == steps.first.ready\n", ""},
		{"  - check: steps.frist.ready == 3\n", "Write first", "  - check: steps.first.ready == 3\n", ""},
		{"  - check: steps.first.reddy == 3\n", "Write ready", "  - check: steps.first.ready == 3\n", ""},
		{"  - check: lenn('🦊') == len('🦊') and steps.first.ready == 3\n", "Write len", "  - check: len('🦊') == len('🦊') and steps.first.ready == 3\n", ""},
		{asserting + "  - make: {names: a, mode: \"carefull\"}\n", "Write careful", asserting + "  - make: {names: a, mode: \"careful\"}\n", ""},
		{asserting + "  - make: {names: a, mode: \"other\"}\n", "Write fast|Write careful", asserting + "  - make: {names: a, mode: \"fast\"}\n", ""},
		{"  - needs: [frist]\n    check: steps.first.ready > 1\n", "Write first", "  - needs: [first]\n    check: steps.first.ready > 1\n", "steps wait for the step before them anyway; remove needs"},
		{"  - make: {nmes: a}\n" + asserting, "Write names", "  - make: {names: a}\n" + asserting, ""},
		{"  - check: steps.first.ready > 1\n    id: my-check\n", "Write my_check", "  - check: steps.first.ready > 1\n    id: my_check\n", ""},
		{"  - check: steps.first.ready > 1\n    timeout: 30\n", "Write 30s", "  - check: steps.first.ready > 1\n    timeout: 30s\n", ""},
		{"  - check: steps.first.ready = 3\n", "Write ==", "  - check: steps.first.ready == 3\n", ""},
		{"  - check: ${{ steps.first.ready == 3 }}\n", "Write steps.first.ready == 3", "  - check: steps.first.ready == 3\n", ""},
		{"  - check: steps.first.took < '1m30s'\n", "Write duration('1m30s')", "  - check: steps.first.took < duration('1m30s')\n", ""},
		{asserting + "  - make:\n      count: 2\n", "Add names", asserting + "  - make:\n      names: web\n      count: 2\n", ""},
		{asserting + "  - make: {count: 2}\n", "Add names", asserting + "  - make: {names: web, count: 2}\n", ""},
		{asserting + "  - make: {}\n", "Add names", asserting + "  - make: {names: web}\n", ""},
		{asserting + "  - make:\n", "Add names", asserting + "  - make:\n      names: web\n", ""},
		{"  - check:\n      given: {a: b}\n", "Add that", "  - check:\n      that: a == 1\n      given: {a: b}\n", ""},
		{"  - make: {names: x}\n", "Add a step that judges (check)", "  - make: {names: x}\n  - check: a == 1\n", `unknown name "a"; known here: scenario, env, vars, secrets, steps`},
		{"  - needs: first\n    check: steps.first.ready == 3\n", "Remove needs|Silence needless-needs here, with a reason", "  - check: steps.first.ready == 3\n", ""},
		{"  - check: steps.first.ready == 3\n    needs: [first]\n", "Remove needs|Silence needless-needs here, with a reason", "  - check: steps.first.ready == 3\n", ""},
		{"  - {check: steps.first.ready == 3, needs: [first]}\n", "Remove needs|Silence needless-needs here, with a reason", "  - {check: steps.first.ready == 3}\n", ""},
		{"  - {needs: [first], check: steps.first.ready == 3}\n", "Remove needs|Silence needless-needs here, with a reason", "  - {check: steps.first.ready == 3}\n", ""},
	}
	c := connect(t)
	uri := inFolder(t.TempDir())
	version := 0
	for _, test := range tests {
		version++
		must(t, c.Open(uri, version, quiet(test.wrong)))
		found, err := c.Diagnostics(uri, version)
		must(t, err)
		if len(found) == 0 {
			t.Errorf("%s: nothing found", test.wrong)
			continue
		}
		actions := actionsOf(t, c, uri, found[0].Range)
		var titles []string
		for _, a := range actions {
			titles = append(titles, a.Title)
		}
		if d := cmp.Diff(test.titles, strings.Join(titles, "|")); d != "" {
			t.Errorf("%s: %s%s", test.wrong, d, show(found))
			continue
		}
		edit := actions[0].Edit.Changes[uri][0]
		got := apply(quiet(test.wrong), edit.Range, edit.NewText)
		if d := cmp.Diff(quiet(test.right), got); d != "" {
			t.Error(d)
		}
		version++
		must(t, c.Open(uri, version, got))
		found, err = c.Diagnostics(uri, version)
		must(t, err)
		left := ""
		if len(found) > 0 {
			left = found[0].Message
		}
		if left != test.left {
			t.Errorf("%s: left %q, want %q", test.right, left, test.left)
		}
	}
}

// quiet puts steps behind a head whose vars are all used.
func quiet(steps string) string {
	return head + "      extra: {a: \"${{ vars.limit }}\", b: \"${{ vars.who }}\"}\n" + steps
}

// TestSilence silences a finding. The comment is a mistake until the author says why, and can be taken away when it
// silences nothing any more.
func TestSilence(t *testing.T) {
	c := connect(t)
	uri := inFolder(t.TempDir())
	version := 0
	look := func(text string) ([]lsptest.Diagnostic, []action) {
		version++
		must(t, c.Open(uri, version, text))
		found, err := c.Diagnostics(uri, version)
		must(t, err)
		if len(found) == 0 {
			return nil, nil
		}
		return found, actionsOf(t, c, uri, found[0].Range)
	}
	take := func(text, title string) string {
		t.Helper()
		_, actions := look(text)
		for _, a := range actions {
			if a.Title == title {
				edit := a.Edit.Changes[uri][0]
				return apply(text, edit.Range, edit.NewText)
			}
		}
		t.Fatalf("%q is not among %v for\n%s", title, actions, text)
		return ""
	}
	const wrong = "  - check: true\n"
	silenced := take(quiet(wrong), "Silence constant-condition here, with a reason")
	if d := cmp.Diff(quiet("  # scenario-runner:ignore constant-condition because \n"+wrong), silenced); d != "" {
		t.Fatal(d)
	}
	if found, _ := look(silenced); len(found) == 0 || found[0].Code != "invalid-ignore" {
		t.Error(show(found))
	}
	reasoned := strings.Replace(silenced, "because ", "because it only shows the form", 1)
	if found, _ := look(reasoned); len(found) != 0 {
		t.Error(show(found))
	}
	right := strings.Replace(reasoned, "check: true", "check: steps.first.ready == 3", 1)
	if d := cmp.Diff(quiet("  - check: steps.first.ready == 3\n"), take(right, "Remove the comment")); d != "" {
		t.Error(d)
	}
	behind := quiet("  - check: steps.first.ready == 3 # scenario-runner:ignore constant-condition because it was true once\n")
	if d := cmp.Diff(quiet("  - check: steps.first.ready == 3\n"), take(behind, "Remove the comment")); d != "" {
		t.Error(d)
	}
	if _, actions := look(quiet("  - check: |\n      1 ==\n      1\n")); len(actions) != 0 {
		t.Errorf("%v inside of a block", actions)
	}
}
