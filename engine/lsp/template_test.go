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

const tidy = `apiVersion: scenario-runner/v1
kind: Template
metadata: {name: tidy}
parameters:
  room: string
  speed: {type: string, enum: [slow, quick], default: slow, description: How fast.}
  loud: {type: bool, default: false}
  hours: {type: int, default: 2}
steps:
  - id: made
    make: {names: ["${{ parameters.room }}", "${{ parameters.speed }}", "${{ parameters.loud ? '1' : '2' }}"], count: "${{ parameters.hours }}"}
  - check: steps.made.ready == 1
outputs:
  things: ${{ steps.made.ready }}
`

// shelf is a folder with a template.
func shelf(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	must(t, os.MkdirAll(filepath.Join(dir, "library"), 0o700))
	must(t, os.WriteFile(filepath.Join(dir, "library", "tidy.template.yaml"), []byte(tidy), 0o600))
	return dir
}

func TestTemplateCompletion(t *testing.T) {
	const use = head + "  - borrow:\n      from: library/tidy.template.yaml\n      with:\n"
	c := connect(t)
	dir := shelf(t)
	tests := []struct{ name, file, text, want string }{
		{"name", "a.scenario.yaml", head + "  - borrow:\n      from: ‸\n", "library/tidy.template.yaml"},
		{"name in the short form", "a.scenario.yaml", head + "  - borrow: ‸\n", "library/tidy.template.yaml"},
		{"parameters", "a.scenario.yaml", use + "        ‸\n", "room speed loud hours"},
		{"parameters, one given", "a.scenario.yaml", use + "        loud: true\n        ‸\n", "room speed hours"},
		{"parameters in flow", "a.scenario.yaml", head + "  - borrow: {from: library/tidy.template.yaml, with: {room: x, ‸}}\n", "speed loud hours"},
		{"values", "a.scenario.yaml", use + "        speed: ‸\n", "slow quick"},
		{"true or false", "a.scenario.yaml", use + "        loud: ‸\n", "true false"},
		{"default", "a.scenario.yaml", use + "        hours: ‸\n", "2"},
		{"expression", "a.scenario.yaml", use + "        hours: ${{ vars.‸ }}\n", "limit who"},
		{"outputs", "a.scenario.yaml", head + "  - id: b\n    borrow: {from: library/tidy.template.yaml, with: {room: x}}\n  - check: steps.b.‸\n", "things verdict took"},
		{"empty template", "b.template.yaml", "‸", "apiVersion kind metadata parameters steps outputs"},
		{"kind", "b.template.yaml", "apiVersion: scenario-runner/v1\nkind: ‸\n", "Template"},
		{"type of a parameter", "b.template.yaml", "kind: Template\nparameters:\n  a: ‸\n", "string bool int number duration quantity list map any"},
		{"parameters in an expression", "b.template.yaml", strings.Replace(tidy, "steps.made.ready == 1", "parameters.‸", 1), "room speed loud hours"},
		{"outputs see the steps", "b.template.yaml", strings.Replace(tidy, "{{ steps.made.ready", "{{ steps.made.‸", 1), "ready took items verdict"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			uri := "file://" + filepath.ToSlash(filepath.Join(dir, test.file))
			var labels []string
			for _, i := range complete(t, c, uri, test.text) {
				labels = append(labels, i.Label)
			}
			if d := cmp.Diff(test.want, strings.Join(labels, " ")); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestTemplateNavigation(t *testing.T) {
	const use = head + "  - id: b\n    borrow:\n      from: library/tidy.template.yaml\n      with: {room: \"${{ vars.limit }}\", speed: quick}\n  - check: steps.b.things == 1\n"
	dir := shelf(t)
	uri := inFolder(dir)
	template := "library/tidy.template.yaml"
	tests := []struct{ needle, where, hover string }{
		{"library", template + " 0:0", ""},
		{"room", template + " 4:2", "**room**: text, required"},
		{"speed", template + " 5:2", "**speed**: text\n\nHow fast.\n\nOne of: slow, quick\n\nDefault: `\"slow\"`"},
		{"limit }", "a.scenario.yaml 3:7", "`limit` whole number"},
		{"things", template + " 13:2", "`things` whole number"},
	}
	c := connect(t)
	must(t, c.Open(uri, 1, use))
	for _, test := range tests {
		var found []location
		must(t, c.Request("textDocument/definition", lsptest.At(uri, place(t, use, test.needle, 0)), &found))
		where := ""
		for _, l := range found {
			where += fmt.Sprintf("%s %d:%d", strings.TrimPrefix(l.URI, "file://"+filepath.ToSlash(dir)+"/"), l.Range.Start.Line, l.Range.Start.Character)
		}
		if where != test.where {
			t.Errorf("%s goes to %q, want %q", test.needle, where, test.where)
		}
		if test.hover == "" {
			continue
		}
		var about struct{ Contents struct{ Value string } }
		must(t, c.Request("textDocument/hover", lsptest.At(uri, place(t, use, test.needle, 0)), &about))
		if d := cmp.Diff(test.hover, about.Contents.Value); d != "" {
			t.Errorf("%s: %s", test.needle, d)
		}
	}
	must(t, c.Open("file://"+filepath.ToSlash(filepath.Join(dir, template)), 1, tidy))
	var found []location
	must(t, c.Request("textDocument/definition", lsptest.At("file://"+filepath.ToSlash(filepath.Join(dir, template)), place(t, tidy, "room }", 0)), &found))
	if len(found) != 1 || found[0].Range.Start != (lsptest.Position{Line: 4, Character: 2}) {
		t.Errorf("parameters.room goes to %v", found)
	}
}

// TestTemplateIsSharedWithItsUsers shows that what an editor has open of a template counts for those who use it, and that
// what is missing can be written.
func TestTemplateIsSharedWithItsUsers(t *testing.T) {
	dir := shelf(t)
	uri := inFolder(dir)
	template := "file://" + filepath.ToSlash(filepath.Join(dir, "library", "tidy.template.yaml"))
	c := connect(t)
	use := quiet("  - borrow:\n      from: library/tidy.template.yaml\n      with:\n        room: x\n")
	must(t, c.Open(uri, 1, use))
	if found, err := c.Diagnostics(uri, 1); err != nil || len(found) > 0 {
		t.Fatalf("%v %s", err, show(found))
	}
	must(t, c.Open(template, 1, tidy))
	must(t, c.Change(template, 2, strings.Replace(tidy, ", default: slow", "", 1)))
	found, err := c.Diagnostics(uri, 1)
	must(t, err)
	if len(found) != 1 || found[0].Message != `template "tidy" needs parameter "speed"` {
		t.Fatal(show(found))
	}
	actions := actionsOf(t, c, uri, found[0].Range)
	if len(actions) != 1 || actions[0].Title != "Add speed" {
		t.Fatal(actions)
	}
	edit := actions[0].Edit.Changes[uri][0]
	want := strings.Replace(use, "        room: x\n", "        speed: slow\n        room: x\n", 1)
	if d := cmp.Diff(want, apply(use, edit.Range, edit.NewText)); d != "" {
		t.Error(d)
	}
}
