package source

import (
	"testing"

	"gopkg.in/yaml.v3"
)

// FuzzWrittenAs compares the quick way to find a scalar with the one that follows each character.
func FuzzWrittenAs(f *testing.F) {
	for _, text := range []string{
		"a: b\nc: 'd'\n", "a: 'it''s'\nb: \"x\\\\\"\n", "ü: b\nc: ü d\n", "a: &x b\nc: !!str d\n", "a: |\n  b\nc: >\n  d\n", "{a: [b, \"c d\"]}\n",
		"a: b\n  c\n", "a: \"b\n  c\"\n", "a: b # b\n- \"\\\"\"\n", "? a\n: \"a\\u0062\"\r\n", "\"\\\"\": '\"'\n",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		file, _ := Parse("f.yaml", []byte(text))
		if file.Root != nil {
			compare(t, file, file.Root)
		}
	})
}

func compare(t *testing.T, f *File, n *yaml.Node) {
	t.Helper()
	if length := len([]rune(n.Value)); n.Kind == yaml.ScalarNode && n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) == 0 && length > 0 {
		if quick, ok := f.writtenAs(n, length); ok && quick != f.followed(n, length) {
			t.Errorf("%q: %v, but following it gives %v", n.Value, quick, f.followed(n, length))
		}
	}
	for _, c := range n.Content {
		compare(t, f, c)
	}
}
