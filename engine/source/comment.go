package source

import (
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/scenario-runner/scenario-runner/engine/diag"
)

// Texts returns where the texts in quotes and the block scalars of the file stand, in document order. A # that stands in
// one of them starts no comment. The end is exclusive.
func (f *File) Texts() []diag.Range {
	var texts []diag.Range
	var visit func(n *yaml.Node)
	visit = func(n *yaml.Node) {
		for _, c := range n.Content {
			visit(c)
		}
		switch {
		case n.Kind != yaml.ScalarNode:
		case n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
			texts = append(texts, diag.Range{
				File: f.Name, Start: diag.Position{Line: n.Line + 1, Column: 1}, End: diag.Position{Line: f.blockEnd(n) + 1, Column: 1},
			})
		case quoted(n):
			places := f.offsets(n)
			end := places[len(places)-1]
			texts = append(texts, diag.Range{
				File: f.Name, Start: diag.Position{Line: n.Line, Column: n.Column}, End: diag.Position{Line: end.Line, Column: end.Column + 1},
			})
		}
	}
	if f.Root != nil {
		visit(f.Root)
	}
	return texts
}

// blockEnd returns the last line of a block scalar.
func (f *File) blockEnd(n *yaml.Node) int {
	indent, end := f.blockIndent(n, n.Line+1), n.Line
	for l := n.Line + 1; l <= len(f.lines); l++ {
		text := f.line(l)
		switch {
		case strings.TrimSpace(text) == "":
		case len(text)-len(strings.TrimLeft(text, " ")) < indent:
			return end
		default:
			end = l
		}
	}
	return end
}
