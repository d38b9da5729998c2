package lsp_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/engine/lsp/lsptest"
)

type item struct {
	Label    string `json:"label"`
	Detail   string `json:"detail"`
	TextEdit struct {
		Range   lsptest.Range `json:"range"`
		NewText string        `json:"newText"`
	} `json:"textEdit"`
}

func complete(t testing.TB, c *lsptest.Client, uri, marked string) []item {
	t.Helper()
	text, at := lsptest.Split(marked, "‸")
	must(t, c.Open(uri, 1, text))
	var list struct {
		Items []item `json:"items"`
	}
	must(t, c.Request("textDocument/completion", lsptest.At(uri, at), &list))
	return list.Items
}

// TestCompletion lists what is offered at a place. A want that ends with … names only the beginning of the list.
func TestCompletion(t *testing.T) {
	const common = "id name needs if timeout retry continueOnError background always cluster namespace"
	tests := []struct{ name, text, want string }{
		{"empty file", "‸", "apiVersion kind metadata matrix vars secrets clusters safety locks steps finally"},
		{"top, others given", "apiVersion: scenario-runner/v1\n‸\nkind: Scenario\n", "metadata matrix vars secrets clusters safety locks steps finally"},
		{"top, a word", "apiVersion: scenario-runner/v1\nme‸\n", "kind metadata matrix vars secrets clusters safety locks steps finally"},
		{"value of apiVersion", "apiVersion: ‸\n", "scenario-runner/v1"},
		{"value of kind, typed", "kind: Sc‸\n", "Scenario"},
		{"under metadata", "apiVersion: scenario-runner/v1\nmetadata:\n  ‸\n", "name description namespace labels"},
		{"under metadata, one given", "apiVersion: scenario-runner/v1\nmetadata:\n  name: a\n  ‸\n", "description namespace labels"},
		{"in flow mapping", "apiVersion: scenario-runner/v1\nmetadata: {name: a, ‸}\n", "description namespace labels"},
		{"in flow mapping never closed", "apiVersion: scenario-runner/v1\nmetadata: {name: a, ‸\nsteps:\n", "description namespace labels"},
		{"new step", head + "  - ‸\n", "make check together bring watch borrow " + common},
		{"new step, a word", head + "  - ma‸\n", "make check together bring watch borrow " + common},
		{"step with id", head + "  - id: x\n    ‸\n", "make check together bring watch borrow name needs if timeout retry continueOnError background always cluster namespace"},
		{"step with kind", head + "  - check: true\n    ‸\n", common},
		{"first key of a step, on its name", head + "  - ch‸eck: true\n", "make check together bring watch borrow " + common},
		{"blank line of a step", head + "    ‸\n  - check: true\n", "name needs if timeout retry continueOnError background always cluster namespace"},
		{"body", head + "  - make:\n      ‸\n", "names count mode wait quiet extra paint"},
		{"body, names given", head + "  - make:\n      names: a\n      co‸\n", "count mode wait quiet extra paint"},
		{"flow body", head + "  - make: {names: a, ‸}\n", "count mode wait quiet extra paint"},
		{"nested struct", head + "  - make:\n      names: a\n      paint:\n        ‸\n", "colour gloss"},
		{"nested flow struct", head + "  - make: {names: a, paint: {‸\n", "colour gloss"},
		{"enum", head + "  - make:\n      names: a\n      mode: ‸\n", "fast careful"},
		{"enum, typed", head + "  - make: {names: a, mode: fa‸}\n", "fast careful"},
		{"bool", head + "  - make: {names: a, quiet: ‸}\n", "true false"},
		{"common bool", head + "  - background: ‸\n", "true false"},
		{"duration", head + "  - make: {names: a, wait: ‸}\n", "30s 5m"},
		{"needs", head + "  - needs: ‸\n    check: true\n", "first"},
		{"needs in list", head + "  - id: second\n    check: true\n  - needs: [first, ‸]\n    check: true\n", "first second"},
		{"needs in block list", head + "  - needs:\n      - ‸\n    check: true\n", "first"},
		{"nested step", head + "  - together:\n      - ‸\n", "make check together bring watch borrow " + common},
		{"nested step under steps", head + "  - together:\n      steps:\n        - ‸\n", "make check together bring watch borrow " + common},
		{"free values offer nothing", head + "  - make: {names: a, extra: {‸}}\n", ""},
		{"comment behind a value", head + "  - check: true # ‸\n", ""},
		{"comment that looks like an item", head + "  - check: any(steps.first.items, #.‸)\n", ""},
		{"comment", head + "  # make‸\n", ""},
		{"root names", head + "  - check: ‸\n", "steps vars scenario secrets env duration quantity semver …"},
		{"root names, a word", head + "  - check: st‸\n", "steps vars scenario secrets env duration quantity semver …"},
		{"vars", head + "  - check: vars.‸\n", "limit who"},
		{"vars, nested", head + "  - check: vars.who.‸\n", "name"},
		{"env", head + "  - check: env.‸\n", "HOME"},
		{"scenario", head + "  - check: scenario.na‸\n", "name id namespace runId dir labels"},
		{"steps", head + "  - check: steps.‸\n", "first"},
		{"outputs", head + "  - check: steps.first.‸\n", "ready took items verdict"},
		{"outputs, optional", head + "  - check: steps?.first?.‸\n", "ready took items verdict"},
		{"of an item", head + "  - check: steps.first.items[0].‸\n", "name parts"},
		{"of an item of an item", head + "  - check: steps.first.items[0].parts[-1].we‸\n", "weight"},
		{"in a predicate", head + "  - check: all(steps.first.items, .‸\n", "name parts"},
		{"in a predicate, item named", head + "  - check: \"any(steps.first.items, #.‸ == 1)\"\n", "name parts"},
		{"in a nested predicate", head + "  - check: all(steps.first.items, any(.parts, .‸))\n", "weight"},
		{"after a filter", head + "  - check: filter(steps.first.items, .name == 'a')[0].‸\n", "name parts"},
		{"after find", head + "  - check: find(steps.first.items, len(.parts) > 1).‸\n", "name parts"},
		{"after first", head + "  - check: first(steps.first.items).parts[0].‸\n", "weight"},
		{"by index of a name", head + "  - check: steps[\"first\"].‸\n", "ready took items verdict"},
		{"in the middle", head + "  - check: vars.limit == steps.first.‸ and true\n", "ready took items verdict"},
		{"in quotes", head + "  - check: \"steps.‸\"\n", "first"},
		{"in a quoted flow value", head + "  - {check: \"steps.first.‸\"}\n", "ready took items verdict"},
		{"in a list of claims", head + "  - check:\n      that:\n        - vars.limit == 3\n        - vars.‸\n", "limit who"},
		{"in a shorthand list", head + "  - check:\n      - vars.‸\n", "limit who"},
		{"in a block scalar", head + "  - check: |\n      vars.limit == 3 and\n      steps.first.‸\n", "ready took items verdict"},
		{"in if", head + "  - if: steps.‸\n    check: true\n", "first"},
		{"given", head + "  - check:\n      given: {web: a, api: b}\n      that: ‸\n", "web api steps vars scenario secrets env duration …"},
		{"in text", head + "  - make: {names: \"x-${{ vars.‸ }}\"}\n", "limit who"},
		{"in text, never closed", head + "  - make:\n      names: x-${{ steps.first.‸\n", "ready took items verdict"},
		{"in text, behind an expression", head + "  - make:\n      names: ${{ vars.limit }}-‸\n", "web"},
		{"in a nested step", head + "  - together:\n      - check: steps.‸\n", "first"},
		{"in finally", head + "finally:\n  - check: steps.‸\n", "first"},
		{"in a guard", head + "  - check: true\nsafety:\n  abort:\n    - check: steps.‸\n", "first"},
		{"a new guard", head + "  - check: true\nsafety:\n  abort:\n    - ma‸\n", "make check together bring watch borrow " + common},
		{"a later step", head + "  - check: steps.‸\n  - id: last\n    make: {names: a}\n", "first last"},
		{"behind a number", head + "  - check: vars.limit ‸\n", "== != >= <= > < in not in + - ?? and or"},
		{"behind a text", head + "  - check: vars.who.name co‸\n", "== != >= <= > < contains startsWith endsWith matches in not in + ?? and or"},
		{"behind a list", head + "  - check: steps.first.items ‸\n", "== != in not in ?? and or"},
		{"behind what nothing is known of", head + "  - check: fromJSON('x') ‸\n", "== != >= <= > < contains startsWith endsWith matches in not in + - ?? and or"},
		{"behind a comparison", head + "  - check: vars.limit == 3 ‸\n", "and or"},
		{"behind a comparison of text", head + "  - check: vars.who.name == 'a and b' an‸\n", "and or"},
		{"behind true", head + "  - check: true ‸\n", "and or == !="},
		{"behind and", head + "  - check: vars.limit == 3 and ‸\n", "steps vars scenario secrets env …"},
		{"behind a comparison that ended", head + "  - check: vars.limit == 3 and vars.limit ‸\n", "== != >= <= > < in not in + - ?? and or"},
		{"behind an argument", head + "  - check: \"3 == len(vars.who ‸)\"\n", "== != in not in ?? and or"},
		{"in a condition of a predicate", head + "  - check: all(steps.first.items, .name ‸)\n", "== != >= <= > < contains startsWith endsWith matches in not in + ?? and or"},
		{"behind an operator", head + "  - check: vars.limit >= ‸\n", "steps vars scenario secrets env …"},
		{"shorthand or mapping", head + "  - check:\n      ‸\n", "given that steps vars scenario secrets env …"},
		{"nothing is known of it", head + "  - check: fromJSON('x').‸\n", ""},
	}
	c := connect(t)
	uri := inFolder(t.TempDir())
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var labels []string
			for _, i := range complete(t, c, uri, test.text) {
				labels = append(labels, i.Label)
			}
			got := strings.Join(labels, " ")
			if want, open := strings.CutSuffix(test.want, " …"); open {
				if !strings.HasPrefix(got, want) {
					t.Errorf("got %s\nwant it to begin with %s", got, want)
				}
				return
			}
			if d := cmp.Diff(test.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

// TestCompletionWrites shows what choosing an item does to the text.
func TestCompletionWrites(t *testing.T) {
	tests := []struct{ name, text, label, want string }{
		{"kind with what it needs", head + "  - ‸\n", "make", "  - make:\n      names: ${1:web}\n"},
		{"kind that replaces a word", head + "  - ma‸\n", "make", "  - make:\n      names: ${1:web}\n"},
		{"container", head + "  - ‸\n", "together", "  - together:\n      - $0\n"},
		{"key that has its colon", head + "  - ma‸: {names: a}\n", "check", "  - check: {names: a}\n"},
		{"field", head + "  - make:\n      co‸\n", "count", "  - make:\n      count: $0\n"},
		{"nested field", head + "  - make:\n      pa‸\n", "paint", "  - make:\n      paint:\n        $0\n"},
		{"enum in place of a word", head + "  - make: {mode: fa‸}\n", "careful", "  - make: {mode: careful}\n"},
		{"name in an expression", head + "  - check: vars.li‸ == 3\n", "limit", "  - check: vars.limit == 3\n"},
		{"word around the cursor", head + "  - check: vars.li‸xx == 3\n", "limit", "  - check: vars.limit == 3\n"},
		{"function", head + "  - check: se‸\n", "semver", "  - check: semver($0)\n"},
		{"behind text of other planes", head + "  - check: \"'🦊é' == vars.li‸\"\n", "limit", "  - check: \"'🦊é' == vars.limit\"\n"},
	}
	c := connect(t)
	uri := inFolder(t.TempDir())
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			text, _ := lsptest.Split(test.text, "‸")
			for _, i := range complete(t, c, uri, test.text) {
				if i.Label == test.label {
					written := indented(text, i.TextEdit.Range.Start.Line, i.TextEdit.NewText)
					if d := cmp.Diff(head+test.want, apply(text, i.TextEdit.Range, written)); d != "" {
						t.Error(d)
					}
					return
				}
			}
			t.Errorf("%s is not offered", test.label)
		})
	}
}

// indented does what an editor does with the further lines of what it inserts: it indents them as the line is.
func indented(text string, line int, insert string) string {
	first := strings.Split(text, "\n")[line]
	return strings.ReplaceAll(insert, "\n", "\n"+first[:len(first)-len(strings.TrimLeft(first, " "))])
}

// apply does what an editor does with an edit.
func apply(text string, r lsptest.Range, newText string) string {
	return text[:offset(text, r.Start)] + newText + text[offset(text, r.End):]
}

func offset(text string, p lsptest.Position) int { return lsptest.Offset(text, p) }
