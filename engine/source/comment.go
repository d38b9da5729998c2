package source

import (
	"strings"

	"gopkg.in/yaml.v3"
)

// Comment reports whether a # at a place starts a comment: it does unless it stands in a text in quotes or in a block
// scalar. It must follow white space or start the line.
func (f *File) Comment(line, column int) bool {
	return f.Root != nil && !f.inText(f.Root, line, column)
}

func (f *File) inText(n *yaml.Node, line, column int) bool {
	if n.Kind != yaml.ScalarNode {
		for _, c := range n.Content {
			if f.inText(c, line, column) {
				return true
			}
		}
		return false
	}
	if n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
		return line > n.Line && line <= f.blockEnd(n)
	}
	if !quoted(n) {
		return false
	}
	places := f.offsets(n)
	end := places[len(places)-1]
	after := line > n.Line || line == n.Line && column >= n.Column
	return after && (line < end.Line || line == end.Line && column <= end.Column)
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
