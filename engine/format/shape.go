package format

import (
	"strings"

	"gopkg.in/yaml.v3"
)

func isBlock(n *yaml.Node, kind yaml.Kind) bool {
	return n.Kind == kind && n.Style&yaml.FlowStyle == 0 && len(n.Content) > 0
}

// regular reports whether every key of a block mapping stands in one column, first on a line of its own. A first key may
// stand behind a dash, of which nothing is said here.
func (f *formatter) regular(n *yaml.Node, dash int) bool {
	if n == nil || !isBlock(n, yaml.MappingNode) {
		return false
	}
	line := 0
	for i := 0; i < len(n.Content); i += 2 {
		k := n.Content[i]
		before, ok := f.before(k)
		if i == 0 && dash > 0 && ok {
			before = before[min(dash, len(before)):]
		}
		if !ok || strings.Trim(before, " ") != "" || k.Kind != yaml.ScalarNode || k.Column != n.Content[0].Column || k.Line <= line ||
			strings.HasPrefix(f.line(k.Line)[k.Column-1:], "?") {
			return false
		}
		line = k.Line
	}
	return true
}

// before returns the text in front of a node. It is of no use when that is not ASCII, since columns count characters.
func (f *formatter) before(n *yaml.Node) (string, bool) {
	line := f.line(n.Line)
	if n.Column < 1 || n.Column-1 > len(line) {
		return "", false
	}
	return line[:n.Column-1], true
}

// compact reports whether an item of a sequence is a mapping whose first key follows the dash.
func (f *formatter) compact(item *yaml.Node, dash, column int) bool {
	return f.regular(item, column) && item.Content[0].Line == dash
}

// opens returns the line on which a value begins that is laid out by itself: a block mapping or sequence below the line
// of its key. It returns 0 for all others.
func (f *formatter) opens(v *yaml.Node, key int) int {
	first := 0
	switch {
	case isBlock(v, yaml.MappingNode) && f.regular(v, 0):
		first = v.Content[0].Line
	case isBlock(v, yaml.SequenceNode):
		if dashes := f.dashes(v); dashes != nil {
			first = dashes[0]
		}
	}
	if first <= key {
		return 0
	}
	for l := key + 1; l < first; l++ {
		if !f.isGap(l) {
			return 0
		}
	}
	return first
}

// dashes returns the lines with the dashes of a block sequence, or nil when they can't be told for sure.
func (f *formatter) dashes(n *yaml.Node) []int {
	if !f.isDash(n.Line, n.Column) {
		return nil
	}
	var lines []int
	last := n.Line
	for _, item := range n.Content {
		last = max(last, f.lastContent(item, n.Column))
	}
	for l := n.Line; l <= last; l++ {
		if f.isDash(l, n.Column) {
			lines = append(lines, l)
		}
	}
	if len(lines) != len(n.Content) {
		return nil
	}
	return lines
}

func (f *formatter) isDash(line, column int) bool {
	text := f.line(line)
	if column < 1 || indentOf(text) != column-1 {
		return false
	}
	rest := text[column-1:]
	return rest == "-" || strings.HasPrefix(rest, "- ")
}

// lastContent returns the last line that is known to hold content of n: a comment can only follow it. column is that of
// the key or dash in front of n.
func (f *formatter) lastContent(n *yaml.Node, column int) int {
	switch {
	case n.Kind == yaml.MappingNode && len(n.Content) > 0:
		value, key := n.Content[len(n.Content)-1], n.Content[len(n.Content)-2]
		return max(key.Line, f.lastContent(value, key.Column))
	case n.Kind == yaml.SequenceNode && len(n.Content) > 0:
		return max(n.Line, f.lastContent(n.Content[len(n.Content)-1], n.Column))
	case n.Kind != yaml.ScalarNode:
		return n.Line
	case n.Value == "" && n.Style == 0: // nothing, which the parser may place on a later line
		line := min(n.Line, len(f.lines))
		for line > 1 && f.isGap(line) {
			line--
		}
		return line
	case n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		return f.blockEnd(n, column)
	case n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0:
		return f.file.Range(n).End.Line
	}
	return n.Line
}

// blockEnd returns the last line of a block scalar. Blank lines at its end count only when it keeps them.
func (f *formatter) blockEnd(n *yaml.Node, column int) int {
	header, _, _ := strings.Cut(f.line(n.Line)[min(max(n.Column-1, 0), len(f.line(n.Line))):], " #")
	keeps := strings.Contains(header, "+")
	indent := -1
	if i := strings.IndexAny(header, "123456789"); i >= 0 && n.Anchor == "" && n.Style&yaml.TaggedStyle == 0 {
		indent = column - 1 + int(header[i]-'0')
	}
	last := n.Line
	l := n.Line + 1
	for ; l <= len(f.lines); l++ {
		if f.isBlank(l) {
			continue
		}
		have := indentOf(f.line(l))
		if indent < 0 {
			indent = max(have, column)
		}
		if have < indent {
			break
		}
		last = l
	}
	if keeps {
		return l - 1
	}
	return last
}
