package source_test

import (
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/scenario-runner/scenario-runner/engine/source"
)

func TestWithinFindsTextInEveryScalarStyle(t *testing.T) {
	const needle = "NEEDLE"
	for name, text := range map[string]string{
		"plain":                    "a: xx NEEDLE yy\n",
		"plain over lines":         "a: xx\n  yy NEEDLE\n  zz\n",
		"single quoted":            "a: 'it''s NEEDLE'\n",
		"double quoted":            "a: \"tab\\t \\u00e9 NEEDLE\"\n",
		"double quoted over lines": "a: \"xx\n   yy NEEDLE\"\n",
		"escaped line break":       "a: \"xx \\\n   yy NEEDLE\"\n",
		"literal":                  "a:\n  b: |\n    xx\n\n    yy ü NEEDLE\n  c: d\n",
		"literal with indicator":   "a: |2\n    xx NEEDLE\n",
		"literal in a list":        "- |-\n  xx\n  NEEDLE\n",
		"folded":                   "a: >\n  xx yy\n  zz\n\n  NEEDLE\n",
		"folded with deeper lines": "a: >-\n  xx\n    yy\n  zz NEEDLE\n",
		"anchored":                 "a: &x NEEDLE\n",
		"tagged":                   "a: !!str \"q NEEDLE\"\n",
		"flow":                     "{a: [x, NEEDLE]}\n",
		"windows line ends":        "a: |\r\n  xx\r\n  NEEDLE\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			f, diags := source.Parse("f.yaml", []byte(text))
			if len(diags) > 0 {
				t.Fatal(diags)
			}
			n := find(f.Root, needle)
			if n == nil {
				t.Fatal("no node holds the text")
			}
			from := len([]rune(n.Value[:strings.Index(n.Value, needle)]))
			r := f.Within(n, from, from+len(needle))
			line := []rune(strings.Split(text, "\n")[r.Start.Line-1])
			if got := string(line[r.Start.Column-1 : min(r.End.Column-1, len(line))]); got != needle {
				t.Errorf("%v covers %q", r, got)
			}
		})
	}
}

func find(n *yaml.Node, text string) *yaml.Node {
	if n.Kind == yaml.ScalarNode && strings.Contains(n.Value, text) {
		return n
	}
	for _, c := range n.Content {
		if m := find(c, text); m != nil {
			return m
		}
	}
	return nil
}

func TestParseReportsWhatYAMLLetsThrough(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"empty", "", `f.yaml:1:1: file is empty [yaml-empty]`},
		{"syntax", "a:\n  b: c: d\n", `f.yaml:2:7: not valid YAML: ": " in plain text begins a mapping; put the whole text in quotes [yaml-syntax]`},
		{"unclosed", "a: 1\nb: [c, d\ne: 2\n", `f.yaml:2:4: not valid YAML: "[" is never closed [yaml-syntax]`},
		{"outdented", "a:\n    b: 1\n  c: 2\n", `f.yaml:3:3: not valid YAML: this line is indented by 2, which fits to no line above; write 0 or 4 [yaml-syntax]`},
		{"question mark", "a: 1\nb: {c: d, until: x?.y == 1}\n", `f.yaml:2:19: not valid YAML: "?" can't stand in plain text inside { } or [ ]; put the expression in quotes [yaml-syntax]`},
		{"duplicate", "a: 1\nb: 2\na: 3\n", `f.yaml:3:1: key "a" is given twice; first given at 1:1 [duplicate-key]`},
		{"documents", "a: 1\n---\nb: 2\n", `f.yaml:3:1: a file holds one document; put the second one into a file of its own [yaml-documents]`},
		{"key", "[a]: 1\n", `f.yaml:1:1: a key must be plain text [yaml-key]`},
		{"binary", "a: \xff\n", `f.yaml:1:4: file is not UTF-8 text; save it in that encoding [yaml-syntax]`},
		{"carriage return", "a: 1\n# ü\rb: 2\n", `f.yaml:2:4: YAML ends a line at the character U+000D and editors do not; end lines with \n, or write "\u000D" in double quotes [yaml-syntax]`},
		{"line separator", "a: \"x\u2028y\"\r\n", `f.yaml:1:6: YAML ends a line at the character U+2028 and editors do not; end lines with \n, or write "\u2028" in double quotes [yaml-syntax]`},
		{"deep", strings.Repeat("[", 300) + strings.Repeat("]", 300), `f.yaml:1:202: nested more than 200 levels deep [yaml-depth]`},
		{"bomb", bomb(), `file grows to more than 500000 nodes when its aliases are followed [yaml-size]`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, diags := source.Parse("f.yaml", []byte(tt.text))
			if len(diags) != 1 || !strings.HasSuffix(diags[0].Error(), tt.want) {
				t.Errorf("got %v, want %s", diags, tt.want)
			}
		})
	}
}

func bomb() string {
	var b strings.Builder
	b.WriteString("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n")
	for i := 1; i < 10; i++ {
		p := string(rune('0' + i - 1))
		b.WriteString("a" + string(rune('0'+i)) + ": &a" + string(rune('0'+i)) + " [" + strings.TrimSuffix(strings.Repeat("*a"+p+",", 10), ",") + "]\n")
	}
	return b.String()
}

func FuzzParse(f *testing.F) {
	f.Add("a: |\n  b\n")
	f.Add("a: \"\\u00e9\\\n  b\"\n- c")
	f.Fuzz(func(t *testing.T, text string) {
		file, diags := source.Parse("f.yaml", []byte(text))
		for _, d := range diags {
			if d.Range.Start.Line < 1 || d.Range.Start.Column < 1 {
				t.Errorf("%v has no place", d)
			}
		}
		if file.Root != nil {
			every(file, file.Root)
		}
	})
}

func every(f *source.File, n *yaml.Node) {
	f.Range(n)
	f.Within(n, 0, len(n.Value))
	for _, c := range n.Content {
		every(f, c)
	}
}
