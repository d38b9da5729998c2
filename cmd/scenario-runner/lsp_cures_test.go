package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/scenario-runner/scenario-runner/engine/lsp/lsptest"
)

// curable says whether a message tells what to write in place of what is marked. What a line break splits is left alone.
func curable(d lsptest.Diagnostic) bool {
	return d.Range.Start.Line == d.Range.End.Line && strings.Contains(d.Message, "; did you mean ") && !strings.Contains(d.Message, "\n") && !strings.HasPrefix(d.Message, "/")
}

// TestEveryProposalIsAQuickFix opens the examples of the checks and the broken files that are kept of earlier mistakes.
// Whatever a message proposes is offered as a quick fix, and with it the message is gone.
func TestEveryProposalIsAQuickFix(t *testing.T) {
	dir := t.TempDir()
	for _, f := range glob(t, "testdata/checks/*.txtar") {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		folder := filepath.Join(dir, strings.TrimSuffix(filepath.Base(f), ".txtar"))
		for _, part := range txtar.Parse(data).Files {
			if err := os.MkdirAll(filepath.Dir(filepath.Join(folder, part.Name)), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(folder, part.Name), part.Data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := os.CopyFS(filepath.Join(dir, "mistakes"), os.DirFS("../../internal/mistakes/testdata/broken")); err != nil {
		t.Fatal(err)
	}
	c, hangUp, exit, _ := serveLSP(t)
	found, cured := 0, 0
	for _, path := range slices.Concat(glob(t, filepath.Join(dir, "*", "*.yaml")), glob(t, filepath.Join(dir, "mistakes", "*", "*.yaml"))) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		f, n, err := cureAll(c, path, string(text))
		if err != nil {
			t.Errorf("%s: %v", strings.TrimPrefix(path, dir), err)
		}
		found, cured = found+f, cured+n
	}
	t.Logf("%d findings have a quick fix that makes them go, of %d", cured, found)
	if found < 500 || cured < 100 {
		t.Errorf("only %d findings and %d cures: the files were not found", found, cured)
	}
	hangUp()
	<-exit
	c.Wait()
}

func glob(t *testing.T, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// cureAll tries the first quick fix of each finding of a file by itself, and counts those that do what they promise.
func cureAll(c *lsptest.Client, path, text string) (found, cured int, err error) {
	uri := "file://" + filepath.ToSlash(path)
	look := func(version int, text string) ([]lsptest.Diagnostic, error) {
		if err := c.Open(uri, version, text); err != nil {
			return nil, err
		}
		return c.Diagnostics(uri, version)
	}
	diagnostics, err := look(1, text)
	for i, d := range diagnostics {
		if _, err := look(2*i+2, text); err != nil {
			return found, cured, err
		}
		found++
		var actions []struct {
			Title       string
			IsPreferred bool
			Diagnostics []lsptest.Diagnostic
			Edit        struct {
				Changes map[string][]struct {
					Range   lsptest.Range
					NewText string
				}
			}
		}
		if err := c.Request("textDocument/codeAction", map[string]any{"textDocument": map[string]any{"uri": uri}, "range": d.Range}, &actions); err != nil {
			return found, cured, err
		}
		k := 0
		for k < len(actions) && (actions[k].Diagnostics[0] != d || !actions[k].IsPreferred) {
			k++
		}
		if k == len(actions) {
			marked := text[lsptest.Offset(text, d.Range.Start):lsptest.Offset(text, d.Range.End)]
			if curable(d) && !strings.Contains(marked, "${{") { // a value of a matrix is corrected where that stands
				return found, cured, fmt.Errorf("no quick fix for %d:%d %s", d.Range.Start.Line, d.Range.Start.Character, d.Message)
			}
			continue
		}
		edit := actions[k].Edit.Changes[uri][0]
		right := text[:lsptest.Offset(text, edit.Range.Start)] + edit.NewText + text[lsptest.Offset(text, edit.Range.End):]
		left, err := look(2*i+3, right)
		if err != nil {
			return found, cured, err
		}
		if slices.ContainsFunc(left, func(l lsptest.Diagnostic) bool { return l.Message == d.Message && l.Range.Start == d.Range.Start }) {
			return found, cured, fmt.Errorf("%q does not cure %d:%d %s", actions[k].Title, d.Range.Start.Line, d.Range.Start.Character, d.Message)
		}
		cured++
	}
	return found, cured, err
}
