package lsp_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/engine/lsp/lsptest"
)

// TestSignatureHelp shows the active form with the active argument in «».
func TestSignatureHelp(t *testing.T) {
	tests := []struct{ name, expression, want string }{
		{"first argument", "all(‸", "all(«list», condition)"},
		{"second argument", "all(steps.first.items, ‸", "all(list, «condition»)"},
		{"inner call", "all(steps.first.items, len(‸", "len(«value»)"},
		{"behind an inner call", "all(filter(steps.first.items, true), ‸)", "all(list, «condition»)"},
		{"commas of a list", "all([1, 2, ‸", "all(«list», condition)"},
		{"commas of a text", "split('a, b(', ‸", "split(text, «separator»)"},
		{"brackets", "len((vars.‸limit))", "len(«value»)"},
		{"our function", "semver('1', ‸", "semver(text, «text») bool"},
		{"forms", "duration(‸", "duration(«text») duration"},
		{"too many", "len(1, ‸", "len(value)"},
		{"no argument", "now(‸", "now()"},
		{"unknown function", "nope(‸", ""},
		{"no call", "vars.‸limit", ""},
		{"behind a call", "len(vars.who)‸", ""},
	}
	c := connect(t)
	uri := inFolder(t.TempDir())
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			text, at := lsptest.Split(head+"  - check: \""+test.expression+"\"\n", "‸")
			must(t, c.Open(uri, 1, text))
			var got *struct {
				Signatures []struct {
					Label      string
					Parameters []struct{ Label [2]int }
				}
				ActiveSignature, ActiveParameter int
			}
			must(t, c.Request("textDocument/signatureHelp", lsptest.At(uri, at), &got))
			shown := ""
			if got != nil {
				active := got.Signatures[got.ActiveSignature]
				shown = active.Label
				if got.ActiveParameter < len(active.Parameters) {
					p := active.Parameters[got.ActiveParameter].Label
					shown = fmt.Sprintf("%s«%s»%s", shown[:p[0]], shown[p[0]:p[1]], shown[p[1]:])
				}
			}
			if d := cmp.Diff(test.want, shown); d != "" {
				t.Error(d)
			}
		})
	}
}
