package lsp_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/lsp/lsptest"
)

// big returns a scenario of about 500 lines.
func big() string {
	var b strings.Builder
	b.WriteString(head)
	for i := range 82 {
		fmt.Fprintf(&b, "  - id: s%d\n    make:\n      names: [\"${{ steps.first.took }}\", b]\n      count: 3\n  - check: steps.s%d.ready == vars.limit and all(steps.first.items, .name != \"x\")\n    timeout: 30s\n", i, i)
	}
	return b.String()
}

// answered is the time in which an editor must have its answer.
const answered = 50 * time.Millisecond

// TestAnswersAtOnce measures what an author waits for on a file of 500 lines: the answer right after a letter, which
// includes checking the whole file.
func TestAnswersAtOnce(t *testing.T) {
	c := connect(t)
	uri := inFolder(t.TempDir())
	text := big()
	must(t, c.Open(uri, 1, text))
	last := strings.Count(text, "\n")
	at := lsptest.At(uri, lsptest.Position{Line: last, Character: 17})
	for _, method := range []string{"completion", "hover", "definition", "signatureHelp", "documentSymbol", "references", "documentHighlight", "codeAction"} {
		var took []time.Duration
		for round := range 10 {
			must(t, c.Change(uri, round+2, text+"  - check: steps."+strings.Repeat("s", round%3)))
			params := at
			if method == "codeAction" {
				params = map[string]any{"textDocument": at["textDocument"], "range": lsptest.Range{}}
			}
			start := time.Now()
			must(t, c.Request("textDocument/"+method, params, nil))
			took = append(took, time.Since(start).Round(10*time.Microsecond))
		}
		slices.Sort(took)
		best, median, worst := took[0], took[len(took)/2], took[len(took)-1]
		t.Logf("%-15s best %v, median %v, worst %v on %d lines", method, best, median, worst, last)
		if best > answered { // the others measure what else the machine does
			t.Errorf("%s took %v, want at most %v", method, best, answered)
		}
	}
}

var pieces = []string{
	"\n", " ", "  ", "- ", ":", "{", "}", "[", "]", "\"", "'", "|\n", "${{ ", " }}", "steps.", "vars.", "#", "&a ", "*a", "\t", "é", "🦊", "check: ", "id: x\n",
	"(", ")", ",", ".", "?.", "\r\n", "\x00", "---\n", "<<: ", "!!str ", "together:\n", "all(steps.first.items, .",
}

// edit changes a text at random places.
func edit(r *rand.Rand, text string) string {
	runes := []rune(text)
	for range 1 + r.IntN(4) {
		from := r.IntN(len(runes) + 1)
		to := min(from+r.IntN(6), len(runes))
		piece := pieces[r.IntN(len(pieces))]
		runes = []rune(string(runes[:from]) + piece + string(runes[to:]))
	}
	return string(runes)
}

// bound reports a range that is outside of a text or backwards.
func bound(text string, r lsptest.Range) error {
	lines := strings.Split(text, "\n")
	for _, p := range []lsptest.Position{r.Start, r.End} {
		if p.Line < 0 || p.Line >= len(lines) || p.Character < 0 || p.Character > len([]rune(lines[p.Line]))*2 {
			return fmt.Errorf("%v is outside of %d lines", r, len(lines))
		}
	}
	if r.End.Line < r.Start.Line || r.End.Line == r.Start.Line && r.End.Character < r.Start.Character {
		return fmt.Errorf("%v ends before it begins", r)
	}
	return nil
}

// ask sends every request about a place and checks that what comes back is inside of the text.
func ask(t testing.TB, c *lsptest.Client, uri, text string, version int, at lsptest.Position) {
	t.Helper()
	must(t, c.Open(uri, version, text))
	found, err := c.Diagnostics(uri, version)
	must(t, err)
	for _, d := range found {
		if err := bound(text, d.Range); err != nil {
			t.Fatalf("%s: %v in\n%s", d.Message, err, text)
		}
	}
	for _, i := range complete(t, c, uri, text[:offset(text, at)]+"‸"+text[offset(text, at):]) {
		if err := bound(text, i.TextEdit.Range); err != nil {
			t.Fatalf("%s: %v in\n%s", i.Label, err, text)
		}
	}
	for _, method := range []string{"hover", "definition", "references", "documentHighlight", "signatureHelp", "prepareRename", "documentSymbol"} {
		if err := c.Request("textDocument/"+method, lsptest.At(uri, at), nil); err != nil {
			t.Fatalf("%s: %v at %v in\n%s", method, err, at, text)
		}
	}
	whole := map[string]any{"textDocument": map[string]any{"uri": uri}, "range": lsptest.Range{End: lsptest.Position{Line: 1 << 20}}}
	must(t, c.Request("textDocument/codeAction", whole, nil))
}

// TestRandomEdits types nonsense into a file and asks about a random place after each edit.
func TestRandomEdits(t *testing.T) {
	const seed, rounds = 7, 1500
	r := rand.New(rand.NewPCG(seed, seed)) //nolint:gosec // repeatable on purpose
	c := connect(t)
	uri := inFolder(t.TempDir())
	text := story
	for round := range rounds {
		if round%20 == 0 {
			text = story
		}
		text = strings.ReplaceAll(edit(r, text), "‸", "")
		lines := strings.Split(text, "\n")
		line := r.IntN(len(lines))
		ask(t, c, uri, text, round+2, lsptest.Position{Line: line, Character: r.IntN(len([]rune(lines[line])) + 1)})
	}
}

// TestHugeFiles shows that a file nobody writes is answered all the same, in a time that grows with its length only.
func TestHugeFiles(t *testing.T) {
	const times = 200_000
	c := connect(t)
	uri := inFolder(t.TempDir())
	for name, marked := range map[string]string{
		"one line of flow":    head + "x-a: [" + strings.Repeat("{a: 1}, ", times) + "‸]\n",
		"an open flow":        head + "x-a: " + strings.Repeat("[", times) + "‸\n",
		"an expression":       head + "  - check: " + strings.Repeat("all(", times) + ".‸\n",
		"a chain":             head + "  - check: a" + strings.Repeat(".a", times) + ".‸\n",
		"a block scalar":      head + "  - check: |\n" + strings.Repeat("      a and\n", times) + "      steps.‸\n",
		"blank lines":         head + strings.Repeat("\n", times) + "  ‸",
		"a quote never ended": head + "  - check: \"" + strings.Repeat("a\n", times) + "‸",
	} {
		start := time.Now()
		complete(t, c, uri, marked)
		if took := time.Since(start); took > 10*time.Second {
			t.Errorf("%s took %v", name, took)
		}
	}
}

// FuzzServer asks everything about a place in any text.
func FuzzServer(f *testing.F) {
	f.Add(story, uint(300))
	f.Add("a: {b: [c, \"", uint(11))
	f.Add("steps:\n- check: |\n    steps.\n", uint(25))
	f.Add("vars: &a {b: *a}\n", uint(3))
	f.Add(head+"  - check: all(", uint(10000))
	c := connect(f)
	version := 1
	f.Fuzz(func(t *testing.T, text string, place uint) {
		text = strings.ToValidUTF8(strings.ReplaceAll(text, "‸", ""), "")
		version++
		prefix := []rune(text)
		_, at := lsptest.Split(string(prefix[:int(place%uint(len(prefix)+1))])+"‸", "‸")
		ask(t, c, "file:///fuzz/a.scenario.yaml", text, version, at)
	})
}
