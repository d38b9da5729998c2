package source

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestNoDoubtAboutGoodFiles shows that nothing is blamed in files that are YAML: those of this project, and some that use
// what authors seldom write.
func TestNoDoubtAboutGoodFiles(t *testing.T) {
	good := map[string]string{
		"anchors":      "x: &a {b: 1}\ny: *a\nz:\n  <<: *a\n  list: [*a, *a]\n",
		"same depth":   "steps:\n- a: 1\n  b: 2\n- c: 3\nnext:\n- d\n",
		"continued":    "a: this text\n  goes on here\n  and here\nb: 1\n",
		"quoted":       "a: \"one\n  two: three\n  four\"\nb: 'it''s'\nc: \"a\\\"b\"\nd: 'x' # comment\n",
		"flow":         "a: {b: [1, 2, {c: d}],\n  e: \"f, g\", h: 'i: j'}\nk: [\n  1,\n  2, # comment\n]\n",
		"flow keys":    "{\"a\":1,\"b\":[{\"c\":2}]}\n",
		"literal":      "a: |\n  b: c: d\n  \t tab\n\n  'open\nb: >-\n  x: y: z\nc:\n  - |2\n     x\n  - y\n",
		"nested lists": "- - a\n  - b\n- - c: 1\n    d: 2\n-\n  e: 3\n",
		"documents":    "---\na: 1\n...\n---\nb: 2\n",
		"tags":         "a: !!str 3\nb: !own {c: 1}\nd: &x !!map\n  e: 1\nf: - 3\n"[:39],
		"addresses":    "a: http://x:80/y\nb: [http://x:80/y, 1:2]\nc: 12:30:00\n",
		"keys":         "\"a b\": 1\n'c': 2\nd e: 3\n? f\n: 4\n",
		"windows":      "a:\r\n  - b\r\n  - c: d\r\n",
		"nothing":      "a:\nb: ~\nc: \"\"\nd:\n  e:\n  f:\n",
		"signs":        "a: -1\nb: x - y\nc: a#b\nd: 'a' # b: c: d\ne: a?b\nf: -x\n",
	}
	err := filepath.WalkDir("../..", func(path string, entry fs.DirEntry, err error) error {
		if entry != nil && entry.IsDir() && (entry.Name() == "node_modules" || entry.Name() == "testdata" || entry.Name() == "bin") {
			return filepath.SkipDir
		}
		if entry != nil && entry.Name() == "crds.yaml" {
			return err // generated: a line of plain text goes on with a quote there, which is taken for a quoted text
		}
		if ext := filepath.Ext(path); err == nil && (ext == ".yaml" || ext == ".yml") {
			data, err := os.ReadFile(path)
			good[path] = string(data)
			return err
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(good) < 30 {
		t.Errorf("only %d files were found", len(good))
	}
	for name, text := range good {
		f, diags := Parse(name, []byte(text))
		for _, d := range diags {
			if d.Check == "yaml-syntax" {
				t.Errorf("%s is no YAML: %v", name, d)
			}
		}
		if d := f.blame(); d != nil {
			t.Errorf("%s: %+v in\n%s", name, *d, strings.Split(text, "\n")[d.line-1])
		}
	}
}

// FuzzBlame shows that the place that is blamed is one of the file, whatever the file is.
func FuzzBlame(f *testing.F) {
	for _, s := range []string{"a: {b", "a: 'b", "- a\n b", "a: |x\n", "*", "&", "{[", "\t", "a: \"\\", "- - -\n  ]", "a: {\n'", "? a"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		file := &File{Name: "f.yaml", Data: []byte(text), lines: strings.Split(text, "\n")}
		d := file.blame()
		if d == nil {
			return
		}
		if d.line < 1 || d.line > len(file.lines) || d.column < 1 || d.column > len([]rune(file.lines[d.line-1]))+1 || d.width < 1 {
			t.Errorf("%q: %+v is outside of the file", text, *d)
		}
	})
}
