package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/scenario-runner/scenario-runner/engine/lsp/lsptest"
)

// TestLSPProject opens every kind of file of a project, whose configuration stands in a folder above them.
func TestLSPProject(t *testing.T) {
	dir := t.TempDir()
	files := map[string]string{
		"scenario-runner.yaml":        "apiVersion: scenario-runner/v1\nkind: Config\nlibrary: lib\ncrds: shared\npolicy: {forbiddenSteps: [run]}\n",
		"lib/greet.template.yaml":     "apiVersion: scenario-runner/v1\nkind: Template\nmetadata: {name: greet}\nparameters: {who: string}\nsteps:\n  - id: said\n    set: {text: \"hello ${{ parameters.who }}\"}\noutputs: {text: \"${{ steps.said.text }}\"}\n",
		"shared/widgets.yaml":         widgets,
		"tests/deep/a.scenario.yaml":  "apiVersion: scenario-runner/v1\nkind: Scenario\nmetadata: {name: a}\nsteps:\n  - waitFor: {object: widget/w, until: object.spec.size == 1}\n",
		"tests/deep/all.suite.yaml":   "apiVersion: scenario-runner/v1\nkind: Suite\nmetadata: {name: all}\nscenarios: [a.scenario.yaml]\n",
		"other/scenario-runner.yaml":  "apiVersion: scenario-runner/v1\nkind: Config\n",
		"other/b.scenario.yaml":       "",
		"tests/deep/none.suite.yaml":  "apiVersion: scenario-runner/v1\nkind: Suite\nmetadata: {name: none}\nscenarios: [none.scenario.yaml]\n",
		"tests/deep/wrong/config.txt": "",
	}
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	uri := func(name string) string {
		return "file://" + filepath.ToSlash(filepath.Join(dir, filepath.FromSlash(name)))
	}
	c, hangUp, exit, _ := serveLSP(t)
	version := 0
	open := func(name, text string) []string {
		version++
		if err := c.Open(uri(name), version, text); err != nil {
			t.Fatal(err)
		}
		found, err := c.Diagnostics(uri(name), version)
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, d := range found {
			out = append(out, fmt.Sprintf("%d:%d %s [%s]", d.Range.Start.Line, d.Range.Start.Character, d.Message, d.Code))
		}
		return out
	}
	for name, text := range files {
		if strings.HasSuffix(name, ".yaml") && text != "" && name != "tests/deep/none.suite.yaml" {
			if found := open(name, text); len(found) > 0 {
				t.Errorf("%s: %q", name, found)
			}
		}
	}

	const runs = "apiVersion: scenario-runner/v1\nkind: Scenario\nmetadata: {name: a}\nsteps:\n  - run: \"true\"\n"
	forbidden := func(found []string) bool {
		return slices.ContainsFunc(found, func(s string) bool { return strings.HasSuffix(s, "[policy]") })
	}
	if found := open("tests/deep/a.scenario.yaml", runs); !forbidden(found) {
		t.Errorf("the policy does not count: %q", found)
	}
	if found := open("other/b.scenario.yaml", runs); forbidden(found) {
		t.Errorf("the policy of another project counts: %q", found)
	}
	if found := open("tests/deep/none.suite.yaml", files["tests/deep/none.suite.yaml"]); len(found) != 1 || !strings.HasPrefix(found[0], "3:12 ") {
		t.Errorf("%q", found)
	}
	if found := open("scenario-runner.yaml", "apiVersion: scenario-runner/v1\nkind: Config\nlibary: lib\n"); len(found) != 1 || found[0] != `2:0 unknown field "libary" of the configuration; did you mean "library"? [unknown-field]` {
		t.Errorf("%q", found)
	}

	proposals := func(name, marked string) []string {
		text, at := lsptest.Split(marked, "‸")
		open(name, text)
		var list struct {
			Items []lsptest.Item `json:"items"`
		}
		if err := c.Request("textDocument/completion", lsptest.At(uri(name), at), &list); err != nil {
			t.Fatal(err)
		}
		var labels []string
		for _, i := range list.Items {
			labels = append(labels, i.Label)
		}
		return labels
	}
	for _, test := range []struct {
		name, text string
		want       []string
	}{
		{"tests/deep/a.scenario.yaml", runs + "  - use:\n      template: ‸\n", []string{"greet"}},
		{"tests/deep/a.scenario.yaml", runs + "  - use:\n      template: greet\n      with:\n        ‸\n", []string{"who"}},
		{"tests/deep/a.scenario.yaml", runs + "  - id: g\n    use: {template: greet, with: {who: me}}\n  - assert: steps.g.‸\n", []string{"text", "verdict", "took"}},
		{"tests/deep/a.scenario.yaml", "matrix: {fault: [pod-delete], size: [1]}\n" + runs + "  - assert: matrix.‸\n", []string{"fault", "size"}},
		{"tests/deep/all.suite.yaml", "kind: Suite\norder: ‸\n", []string{"listed", "name", "random", "slowestFirst"}},
		{"tests/deep/all.suite.yaml", "kind: Suite\nsetup:\n  steps:\n    - wait‸\n", []string{"deploy", "waitFor"}},
		{"scenario-runner.yaml", "apiVersion: scenario-runner/v1\nkind: Config\n‸\n", []string{"clusters", "library"}},
	} {
		got := proposals(test.name, test.text)
		for _, want := range test.want {
			if !slices.Contains(got, want) {
				t.Errorf("%s: %q is not among %q", test.text, want, got)
			}
		}
	}
	hangUp()
	<-exit
	c.Wait()
}
