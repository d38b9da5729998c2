package source

import (
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/scenario-runner/scenario-runner/engine/diag"
)

// Cut returns the comment that ends a plain scalar on its last line: the place of the # and the text after it. YAML starts
// one at every # that follows a space, also where the author meant it to be part of the value.
func (f *File) Cut(n *yaml.Node) (at diag.Range, comment string, found bool) {
	if n.Kind != yaml.ScalarNode || n.Value == "" || quoted(n) || n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
		return diag.Range{}, "", false
	}
	places := f.offsets(n)
	end := places[len(places)-1]
	line := []rune(f.line(end.Line))
	rest := string(line[min(end.Column-1, len(line)):])
	space := len(rest) - len(strings.TrimLeft(rest, " \t"))
	if space == 0 || !strings.HasPrefix(rest[space:], "#") {
		return diag.Range{}, "", false
	}
	return f.at(end.Line, end.Column+space, 1), rest[space+1:], true
}
