package lsp_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/field"
	"github.com/scenario-runner/scenario-runner/engine/lsp"
	"github.com/scenario-runner/scenario-runner/engine/lsp/lsptest"
)

// watching is how a client introduces itself that tells of changes on disk.
func watching(folder string) map[string]any {
	return map[string]any{
		"rootUri": "file:///elsewhere", "workspaceFolders": []any{map[string]any{"uri": "file://" + filepath.ToSlash(folder), "name": "w"}},
		"capabilities": map[string]any{"workspace": map[string]any{"didChangeWatchedFiles": map[string]any{"dynamicRegistration": true}}},
	}
}

// TestFilesOnDiskAreWatched shows that a file that changes on disk is looked at again by those who use it.
func TestFilesOnDiskAreWatched(t *testing.T) {
	dir := shelf(t)
	uri := inFolder(dir)
	c := connectAs(t, watching(dir), options(t))
	if asked := <-c.Asked; asked != "client/registerCapability" {
		t.Fatal(asked)
	}
	must(t, c.Open(uri, 1, quiet("  - borrow: {from: library/tidy.template.yaml, with: {room: x}}\n")))
	if found, err := c.Diagnostics(uri, 1); err != nil || len(found) > 0 {
		t.Fatalf("%v %s", err, show(found))
	}
	template := filepath.Join(dir, "library", "tidy.template.yaml")
	must(t, os.WriteFile(template, []byte(strings.Replace(tidy, ", default: false", "", 1)), 0o600))
	must(t, c.Notify("workspace/didChangeWatchedFiles", map[string]any{"changes": []any{map[string]any{"uri": "file://" + filepath.ToSlash(template), "type": 2}}}))
	found, err := c.Diagnostics(uri, 1)
	must(t, err)
	if len(found) != 1 || found[0].Message != `template "tidy" needs parameter "loud"` {
		t.Error(show(found))
	}
}

// TestWorkspaceSymbols finds files and steps of all folders by some letters of their names.
func TestWorkspaceSymbols(t *testing.T) {
	dir := shelf(t)
	for name, text := range map[string]string{
		"web.scenario.yaml":      "metadata: {name: web-survives}\nsteps:\n  - id: web\n  - id: loss\n  - name: x\n",
		"deep/api.scenario.yml":  "metadata: {name: api}\nsteps: 3\n",
		".git/x.scenario.yaml":   "metadata: {name: hidden-web}\n",
		"broken.scenario.yaml":   "metadata: {name: [web\n",
		"manifests/web.yaml":     "metadata: {name: web}\n",
		"nameless.scenario.yaml": "steps:\n  - id: weird_b\n",
	} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		must(t, os.MkdirAll(filepath.Dir(path), 0o700))
		must(t, os.WriteFile(path, []byte(text), 0o600))
	}
	c := connectAs(t, watching(dir), options(t))
	for query, want := range map[string]string{
		"wb":   "weird_b in nameless.scenario.yaml 1:8, web-survives in  0:17, web in web-survives 2:8",
		"API":  "api in  0:17",
		"loss": "loss in web-survives 3:8",
		"made": "made in tidy 9:8",
		"nope": "",
	} {
		var found []struct {
			Name, ContainerName string
			Location            location
		}
		must(t, c.Request("workspace/symbol", map[string]any{"query": query}, &found))
		var got []string
		for _, s := range found {
			got = append(got, fmt.Sprintf("%s in %s %d:%d", s.Name, s.ContainerName, s.Location.Range.Start.Line, s.Location.Range.Start.Character))
		}
		if d := cmp.Diff(want, strings.Join(got, ", ")); d != "" {
			t.Errorf("%s: %s", query, d)
		}
	}
}

// TestOtherKinds shows that kinds of files that have no steps are checked and completed.
func TestOtherKinds(t *testing.T) {
	o := options(t)
	o.Kinds = []lsp.FileKind{{
		Kind: "Cellar", Suffix: ".cellar",
		Fields: []field.Field{{Name: "kind", Enum: []string{"Cellar"}, Shape: &field.Shape{Kind: field.String}}, {Name: "wines", Doc: "What there is.", Shape: &field.Shape{Kind: field.List, Elem: &field.Shape{Kind: field.String}}}},
		Check: func(file string, data []byte) diag.List {
			var found diag.List
			if strings.Contains(string(data), "water") {
				at := diag.Position{Line: 1, Column: 1}
				found.Add(diag.Range{File: file, Start: at, End: at}, "invalid-value", "there is water in it")
			}
			return found
		},
	}}
	c := connectAs(t, map[string]any{}, o)
	const uri = "file:///deep/my.cellar.yaml"
	must(t, c.Open(uri, 1, "wines: [water]\n"))
	found, err := c.Diagnostics(uri, 1)
	must(t, err)
	if d := cmp.Diff("0:0-0:0 there is water in it [invalid-value]", show(found)); d != "" {
		t.Error(d)
	}
	must(t, c.Open(uri, 2, "wines: [\n"))
	found, err = c.Diagnostics(uri, 2)
	must(t, err)
	if len(found) != 1 || !strings.HasPrefix(found[0].Code, "yaml-") && found[0].Code != "invalid-yaml" {
		t.Error(show(found))
	}
	var labels []string
	for _, i := range complete(t, c, uri, "kind: Cellar\n‸\n") {
		labels = append(labels, i.Label)
	}
	if d := cmp.Diff([]string{"wines"}, labels); d != "" {
		t.Error(d)
	}
	must(t, c.Open("file:///other.yaml", 1, "apiVersion: scenario-runner/v1\nkind: Cellar\nwines: water\n"))
	found, err = c.Diagnostics("file:///other.yaml", 1)
	must(t, err)
	if len(found) != 1 {
		t.Error(show(found))
	}
	for _, method := range []string{"hover", "definition", "references", "documentSymbol", "documentHighlight", "signatureHelp", "formatting"} {
		must(t, c.Request("textDocument/"+method, lsptest.At(uri, lsptest.Position{}), nil))
	}
}
