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

// nursery is a folder with toys and other files.
func nursery(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"toys/bears.yaml":         "toy: bear\nname: bruno\n---\ntoy: bear\nname: 'paddy'\n",
		"toys/deep/cars.yml":      "toy: car\nname: herbie\n",
		"note.txt":                "be good",
		"other.scenario.yaml":     "",
		"cellar.suite.yaml":       "",
		"my toys/ball: red.json":  "{}",
		"scenario-runner.yaml":    "",
		".hidden/ghost.yaml":      "",
		"node_modules/x/doll.yml": "",
	} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		must(t, os.MkdirAll(filepath.Dir(path), 0o700))
		must(t, os.WriteFile(path, []byte(text), 0o600))
	}
	return dir
}

// TestNamesAreCompleted lists the files, objects and kinds that a field may name.
func TestNamesAreCompleted(t *testing.T) {
	const files = "my toys|toys|my toys/ball: red.json|toys/bears.yaml|toys/deep|toys/deep/cars.yml"
	const both = head + "  - bring: {toys: [toys/bears.yaml, toys/bears.yaml], inline: [{toy: car, name: kitt}, {toy: car}]}\n  - bring: toys/bears.yaml\n"
	tests := []struct{ name, text, want string }{
		{"manifests", head + "  - bring:\n      toys: ‸\n", files},
		{"manifests, begun", head + "  - bring:\n      toys: toys/b‸\n", files},
		{"manifests in a list", head + "  - bring:\n      toys: [a, ‸]\n", files},
		{"a file", head + "  - bring:\n      note: ‸\n", "cellar.suite.yaml|note.txt|other.scenario.yaml|scenario-runner.yaml|my toys/ball: red.json|toys/bears.yaml|toys/deep/cars.yml"},
		{"a folder", head + "  - bring:\n      shelf: ‸\n", "my toys|toys|toys/deep"},
		{"the file of a secret", "secrets:\n  key:\n    file: ‸\n" + head, "cellar.suite.yaml|note.txt|other.scenario.yaml|scenario-runner.yaml|my toys/ball: red.json|toys/bears.yaml|toys/deep/cars.yml"},
		{"an object", both + "  - bring:\n      best: ‸\n", "bear/bruno|bear/paddy|car/kitt"},
		{"an object of nobody", head + "  - bring:\n      best: ‸\n", "bear/bruno"}, // the example of the field
		{"a name of the author's", both + "  - watch:\n      given:\n        ‸\n", "bruno|paddy|kitt"},
		{"another name of the author's", both + "  - watch:\n      given: {kitt: car/kitt, ‸}\n", "bruno|paddy"},
		{"an object for a name", both + "  - watch:\n      given: {kitt: ‸}\n", "bear/bruno|bear/paddy|car/kitt"},
		{"a kind", head + "  - bring:\n      sort: ‸\n", "bears|cars"},
		{"inside of an expression", head + "  - bring:\n      best: ${{ vars.‸ }}\n", "limit|who"},
	}
	c := connect(t)
	uri := inFolder(nursery(t))
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var labels []string
			for _, i := range complete(t, c, uri, test.text) {
				labels = append(labels, i.Label)
			}
			if d := cmp.Diff(test.want, strings.Join(labels, "|")); d != "" {
				t.Error(d)
			}
		})
	}
}

// TestNamesAreWritten shows that a name is put in quotes where YAML wants them, and only there.
func TestNamesAreWritten(t *testing.T) {
	tests := []struct{ text, label, want string }{
		{"toys: ‸", "toys/bears.yaml", "toys: toys/bears.yaml"},
		{"toys: x‸y", "my toys/ball: red.json", "toys: 'my toys/ball: red.json'"},
		{"toys: \"my‸\"", "my toys/ball: red.json", "toys: \"my toys/ball: red.json\""},
		{"toys: 'to‸", "toys/bears.yaml", "toys: 'toys/bears.yaml"},
		{"toys: [toys, \"‸\"]", "toys/bears.yaml", "toys: [toys, \"toys/bears.yaml\"]"},
	}
	c := connect(t)
	uri := inFolder(nursery(t))
	for _, test := range tests {
		marked := head + "  - bring:\n      " + test.text + "\n"
		text, _ := lsptest.Split(marked, "‸")
		found := false
		for _, i := range complete(t, c, uri, marked) {
			if i.Label == test.label {
				found = true
				if d := cmp.Diff(head+"  - bring:\n      "+test.want+"\n", apply(text, i.TextEdit.Range, i.TextEdit.NewText)); d != "" {
					t.Error(d)
				}
			}
		}
		if !found {
			t.Errorf("%s: %s is not offered", test.text, test.label)
		}
	}
}

// TestObjectsAreFound goes from the name of an object to where it is defined, and says what it is.
func TestObjectsAreFound(t *testing.T) {
	dir := nursery(t)
	uri := inFolder(dir)
	bears := "file://" + filepath.ToSlash(filepath.Join(dir, "toys", "bears.yaml"))
	const given = head + "  - bring: {toys: toys/bears.yaml, inline: [{toy: car, name: kitt}]}\n  - bring: {best: "
	tests := []struct{ best, where, hover string }{
		{"bear/br‸uno", bears + " 1:6-1:11", "**bear bruno** (toys/v1)\n\nDeployed from toys/bears.yaml."},
		{"\"bears/pad‸dy\"", bears + " 4:7-4:12", "**bear paddy** (toys/v1)\n\nDeployed from toys/bears.yaml."},
		{"car/ki‸tt", uri + " 8:61-8:65", "**car kitt** (toys/v1)"},
		{"car/her‸bie", "", "**best**: text\n\nThe best of them.\n\n```yaml\nbest: bear/bruno\n```"},
	}
	c := connect(t)
	for _, test := range tests {
		text, at := lsptest.Split(given+test.best+"}\n", "‸")
		must(t, c.Open(uri, 1, text))
		var found []location
		must(t, c.Request("textDocument/definition", lsptest.At(uri, at), &found))
		where := ""
		for _, l := range found {
			where += fmt.Sprintf("%s %d:%d-%d:%d", l.URI, l.Range.Start.Line, l.Range.Start.Character, l.Range.End.Line, l.Range.End.Character)
		}
		if d := cmp.Diff(test.where, where); d != "" {
			t.Errorf("%s: %s", test.best, d)
		}
		var about struct{ Contents struct{ Value string } }
		must(t, c.Request("textDocument/hover", lsptest.At(uri, at), &about))
		if d := cmp.Diff(test.hover, about.Contents.Value); d != "" {
			t.Errorf("%s: %s", test.best, d)
		}
	}
}
