package lsp_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/engine/lsp/lsptest"
)

type location struct {
	URI   string        `json:"uri"`
	Range lsptest.Range `json:"range"`
}

const story = head + `  - id: second
    needs: [first]
    if: steps.first.ready > 1 and "steps.first" != ""
    make:
      names: "${{ steps.first.took }}-${{ scenario.steps.first }}"
  - together:
      - needs: []
        check:
          given: {web: x}
          that: |
            web == "🦊" and
            steps["first"].ready == vars.limit
finally:
  - check: steps?.first.ready == 1 # steps.first
`

// TestHover shows what is said of a key, a value, a name or a function.
func TestHover(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"top key", "kind‸: Scenario\n", "**kind**: text, required\n\nWhat this file is.\n\nOne of: Scenario\n\n"},
		{"kind", head + "  - ma‸ke: {names: a}\n", "**make** (the story)\n\nMakes things.\n\n```yaml\n- make:\n    names: web\n```\n\nOutputs: ready, took, items"},
		{"common field", head + "  - na‸me: x\n", "**name**: text\n\nTitle in progress and reports."},
		{"field", head + "  - make: {na‸mes: a}\n", "**names**: a list, required\n\nNames of the things to make.\n\n```yaml\nnames: web\n```"},
		{"value", head + "  - make: {names: a, mode: fa‸st}\n", "**mode**: text\n\nHow to make them.\n\nOne of: fast, careful"},
		{"nested field", head + "  - make: {names: a, paint: {glo‸ss: true}}\n", "**gloss**: true or false\n\nWhether they shine."},
		{"needed step", head + "  - needs: fi‸rst\n    check: true\n", "**first** (make)\n\n- `ready` whole number: How many are ready.\n- `took` duration: How long it took.\n- `items` list of object: What was made.\n- `verdict` text: How the step ended: passed, failed, errored, inconclusive or skipped."},
		{"name", head + "  - check: va‸rs.limit == 3\n", "`vars` object\n\nFields: limit, who"},
		{"var", head + "  - check: vars.li‸mit == 3\n", "`limit` whole number"},
		{"output", head + "  - check: steps.first.re‸ady == 3\n", "`ready` whole number\n\nHow many are ready."},
		{"item", head + "  - check: all(steps.first.items, .na‸me == 'a')\n", "`name` text\n\nIts name."},
		{"our function", head + "  - check: quan‸tity('1') == 1.0\n", "`quantity(text) number`\n\nAn amount as a number."},
		{"function of expr", head + "  - check: al‸l(steps.first.items, .name == 'a')\n", "`all(list, condition)`\n\nTrue when every item satisfies the condition. In it, .name is a field of the item and # the item itself."},
		{"undescribed function", head + "  - check: hasPre‸fix('ab', 'a')\n", "`hasPrefix(text, text) bool`"},
		{"literal", head + "  - check: vars.limit == 3‸3\n", ""},
		{"unknown key", head + "  - make: {nam‸: a}\n", ""},
		{"comment", "# ki‸nd\n", ""},
	}
	c := connect(t)
	uri := inFolder(t.TempDir())
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			text, at := lsptest.Split(test.text, "‸")
			must(t, c.Open(uri, 1, text))
			var got *struct {
				Contents struct{ Value string }
			}
			must(t, c.Request("textDocument/hover", lsptest.At(uri, at), &got))
			value := ""
			if got != nil {
				value = got.Contents.Value
			}
			if d := cmp.Diff(strings.TrimSpace(test.want), value); d != "" {
				t.Error(d)
			}
		})
	}
}

// place returns where the n-th needle stands, a little inside of it.
func place(t testing.TB, text, needle string, n int) lsptest.Position {
	t.Helper()
	at := 0
	for ; n >= 0; n-- {
		i := strings.Index(text[at:], needle)
		if i < 0 {
			t.Fatalf("no %q", needle)
		}
		at += i + 1
	}
	_, p := lsptest.Split(text[:at]+"‸"+text[at:], "‸")
	return p
}

func TestDefinition(t *testing.T) {
	dir := t.TempDir()
	must(t, os.MkdirAll(filepath.Join(dir, "manifests"), 0o700))
	must(t, os.WriteFile(filepath.Join(dir, "manifests", "web.yaml"), nil, 0o600))
	text := strings.Replace(story, "[a, b]", "[manifests/web.yaml, \"manifests/web.yaml\", ../x, manifests]", 1)
	tests := []struct {
		needle string
		n      int
		want   string
	}{
		{"first", 0, "5:8"},
		{"first]", 0, "5:8"},
		{"first.ready", 0, "5:8"},
		{"first\"]", 0, "5:8"},
		{"first.ready", 1, "5:8"},
		{"limit\n", 0, "3:7"},
		{"web ==", 0, "16:18"},
		{"manifests/web.yaml", 0, "file"},
		{"manifests/web.yaml", 1, "file"},
		{"../x", 0, ""},
		{"manifests]", 0, ""},
		{"first\" !=", 0, ""},
		{"kind", 0, ""},
		{"ready", 0, ""},
		{"# steps.first", 0, ""},
	}
	c := connect(t)
	uri := inFolder(dir)
	must(t, c.Open(uri, 1, text))
	for _, test := range tests {
		var got []location
		must(t, c.Request("textDocument/definition", lsptest.At(uri, place(t, text, test.needle, test.n)), &got))
		answer := ""
		for _, l := range got {
			if l.URI != uri {
				answer += "file"
				if want := "file://" + filepath.ToSlash(filepath.Join(dir, "manifests", "web.yaml")); l.URI != want {
					t.Errorf("%s: %s, want %s", test.needle, l.URI, want)
				}
				continue
			}
			answer += fmt.Sprintf("%d:%d", l.Range.Start.Line, l.Range.Start.Character)
		}
		if answer != test.want {
			t.Errorf("%s (%d): %q, want %q", test.needle, test.n, answer, test.want)
		}
	}
}

type symbol struct {
	Name, Detail string
	Children     []symbol
}

func (s symbol) String() string {
	text := s.Name
	if s.Detail != "" {
		text += ":" + s.Detail
	}
	if len(s.Children) > 0 {
		text += fmt.Sprint(s.Children)
	}
	return text
}

func TestSymbols(t *testing.T) {
	c := connect(t)
	uri := inFolder(t.TempDir())
	must(t, c.Open(uri, 1, strings.Replace(story, "  - together:", "  - name: all at once\n    together:", 1)))
	var got []symbol
	must(t, c.Request("textDocument/documentSymbol", map[string]any{"textDocument": map[string]any{"uri": uri}}, &got))
	want := "[vars[limit who] steps[first:make second:make all at once:together[check:check]] finally[check:check]]"
	if d := cmp.Diff(want, fmt.Sprint(got)); d != "" {
		t.Error(d)
	}
}

// TestFormatting lays a file out as the command does, and leaves alone what is laid out or is no YAML.
func TestFormatting(t *testing.T) {
	c := connect(t)
	uri := inFolder(t.TempDir())
	format := func(text string) []struct {
		Range   lsptest.Range
		NewText string
	} {
		var edits []struct {
			Range   lsptest.Range
			NewText string
		}
		must(t, c.Open(uri, 1, text))
		options := map[string]any{"tabSize": 8, "insertSpaces": false}
		must(t, c.Request("textDocument/formatting", map[string]any{"textDocument": map[string]any{"uri": uri}, "options": options}, &edits))
		return edits
	}
	crooked := "kind: Scenario # 🦊\napiVersion: scenario-runner/v1\nmetadata:\n    name: a\nsteps:\n    -   check: true\n        id: x\n\n\n\n"
	edits := format(crooked)
	if len(edits) != 1 {
		t.Fatal(edits)
	}
	straight := apply(crooked, edits[0].Range, edits[0].NewText)
	want := "apiVersion: scenario-runner/v1\nkind: Scenario # 🦊\nmetadata:\n  name: a\nsteps:\n  - id: x\n    check: true\n"
	if d := cmp.Diff(want, straight); d != "" {
		t.Error(d)
	}
	for _, text := range []string{straight, "kind: {\n  apiVersion: scenario-runner/v1\n"} {
		if edits := format(text); len(edits) != 0 {
			t.Errorf("%q: %v", text, edits)
		}
	}
}
