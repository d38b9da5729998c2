package source

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"github.com/scenario-runner/scenario-runner/engine/diag"
)

// Range returns where a node stands. For a scalar it covers the text; for a mapping or a sequence its first line's
// first element, since a caret under a whole block helps nobody.
func (f *File) Range(n *yaml.Node) diag.Range {
	if n == nil || n.Line == 0 {
		return f.at(1, 1, 1)
	}
	if last := len(f.lines); last > 0 && n.Line > last { // the nothing after a lone --- stands where no line is
		return f.at(last, utf8.RuneCountInString(f.line(last))+1, 1)
	}
	switch n.Kind {
	case yaml.DocumentNode:
		if len(n.Content) > 0 {
			return f.Range(n.Content[0])
		}
	case yaml.MappingNode:
		if n.Style&yaml.FlowStyle == 0 && len(n.Content) > 0 {
			return f.Range(n.Content[0])
		}
	case yaml.SequenceNode:
		return f.at(n.Line, n.Column, 1)
	case yaml.AliasNode:
		return f.at(n.Line, n.Column, 1+utf8.RuneCountInString(n.Value))
	case yaml.ScalarNode:
		if n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
			return f.at(n.Line, n.Column, 1)
		}
		return f.scalarRange(n)
	}
	return f.at(n.Line, n.Column, 1)
}

func (f *File) scalarRange(n *yaml.Node) diag.Range {
	length := utf8.RuneCountInString(n.Value)
	if length == 0 {
		return f.at(n.Line, n.Column, 1)
	}
	if r, ok := f.writtenAs(n, length); ok {
		return r
	}
	return f.followed(n, length)
}

// followed finds a scalar by following its text character by character.
func (f *File) followed(n *yaml.Node, length int) diag.Range {
	r := f.Within(n, 0, length)
	if quoted(n) && r.Start.Line == r.End.Line {
		r.Start.Column--
		r.End.Column++
	}
	return r
}

// writtenAs finds nearly every scalar without that: those that are written as their value is, in ASCII, on one line.
func (f *File) writtenAs(n *yaml.Node, length int) (diag.Range, bool) {
	if n.Anchor != "" || n.Style&yaml.TaggedStyle != 0 || quoted(n) && strings.ContainsAny(n.Value, `"'\`) {
		return diag.Range{}, false
	}
	line, start, marks := f.line(n.Line), n.Column-1, 0
	if quoted(n) {
		marks = 1
	}
	from, to := start+marks, start+marks+len(n.Value)
	if start < 0 || to+marks > len(line) || line[from:to] != n.Value || marks > 0 && line[start] != line[to] {
		return diag.Range{}, false
	}
	for i := range to {
		if line[i] >= utf8.RuneSelf {
			return diag.Range{}, false
		}
	}
	return f.at(n.Line, n.Column, length+2*marks), true
}

// Within returns where the characters from (inclusive) to (exclusive) of a scalar's value stand in the file. Offsets
// count runes. It is exact for plain, quoted, literal and folded scalars.
func (f *File) Within(n *yaml.Node, from, to int) diag.Range { return f.Places(n).Within(from, to) }

// Places are those of the characters of one scalar, for who asks about many of them.
type Places struct {
	at    []diag.Position // of each rune, and after the last one
	whole diag.Range      // what is underlined of an empty block at the end of the file
	lines int             // of the file
}

// Places returns where the characters of a scalar's value stand.
func (f *File) Places(n *yaml.Node) Places {
	return Places{at: f.offsets(n), whole: f.at(n.Line, n.Column, 1), lines: len(f.lines)}
}

// Within is what the method of File says.
func (p Places) Within(from, to int) diag.Range {
	length := len(p.at) - 1
	from, to = min(max(from, 0), length), min(max(to, 0), length)
	start, end := p.at[from], p.at[to]
	if start.Line > p.lines {
		return p.whole
	}
	if to > from { // the end is after the last character, which may stand on an earlier line than the next one
		end = p.at[to-1]
		end.Column++
	}
	if end == start {
		end.Column++ // nothing can't be underlined
	}
	return diag.Range{File: p.whole.File, Start: start, End: end}
}

func quoted(n *yaml.Node) bool {
	return n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0
}

// offsets maps each rune of a scalar's value, and the place after the last one, to its position.
func (f *File) offsets(n *yaml.Node) []diag.Position {
	value := []rune(n.Value)
	switch {
	case n.Style&yaml.LiteralStyle != 0:
		return f.literal(n, value)
	case n.Style&yaml.FoldedStyle != 0:
		return f.folded(n, value)
	}
	c := cursor{file: f, line: n.Line, column: n.Column}
	c.skipProperties(n)
	if quoted(n) {
		c.column++
	}
	out := make([]diag.Position, 0, len(value)+1)
	for _, r := range value {
		c.seek(r, n.Style)
		out = append(out, c.position())
		c.advance(n.Style)
	}
	return append(out, c.position())
}

// literal maps a | block: every line of the value is a line of the file, shifted by the block's indent.
func (f *File) literal(n *yaml.Node, value []rune) []diag.Position {
	first := n.Line + 1
	indent := f.blockIndent(n, first)
	out := make([]diag.Position, 0, len(value)+1)
	p := diag.Position{Line: first, Column: indent + 1}
	for _, r := range value {
		out = append(out, p)
		p.Column++
		if r == '\n' {
			p = diag.Position{Line: p.Line + 1, Column: indent + 1}
		}
	}
	return append(out, p)
}

// folded maps a > block: the text of each line stands in the value as it is, and what joins two lines belongs to the end
// of the first.
func (f *File) folded(n *yaml.Node, value []rune) []diag.Position {
	line := n.Line + 1
	indent := f.blockIndent(n, line)
	out := make([]diag.Position, 0, len(value)+1)
	end := diag.Position{Line: line, Column: indent + 1}
	for ; line <= len(f.lines) && len(out) < len(value); line++ {
		text := []rune(f.line(line))
		if len(text) <= indent {
			continue
		}
		text = text[indent:]
		for len(out) < len(value) && !hasPrefix(value[len(out):], text) {
			out = append(out, end)
		}
		for i := range min(len(text), len(value)-len(out)) {
			out = append(out, diag.Position{Line: line, Column: indent + 1 + i})
		}
		end = diag.Position{Line: line, Column: indent + 1 + len(text)}
	}
	for len(out) < len(value) {
		out = append(out, end)
	}
	return append(out, end)
}

func hasPrefix(text, start []rune) bool {
	return len(text) >= len(start) && slices.Equal(text[:len(start)], start)
}

// blockIndent finds the indent of a block scalar: the explicit indicator counts from the parent's indent, else the first
// line that is not blank decides.
func (f *File) blockIndent(n *yaml.Node, first int) int {
	header := f.line(n.Line)
	if i := strings.LastIndexAny(header, "|>"); i >= 0 {
		for _, r := range header[i+1:] {
			if d, err := strconv.Atoi(string(r)); err == nil && d > 0 {
				return len(header) - len(strings.TrimLeft(header, " -")) + d
			}
		}
	}
	for l := first; l <= len(f.lines); l++ {
		if t := f.line(l); strings.TrimSpace(t) != "" {
			return len(t) - len(strings.TrimLeft(t, " "))
		}
	}
	return 0
}

// cursor walks the source text of a scalar beside its value.
type cursor struct {
	file         *File
	line, column int
	text         []rune
	textLine     int
}

func (c *cursor) position() diag.Position { return diag.Position{Line: c.line, Column: c.column} }

func (c *cursor) peek() (rune, bool) {
	if c.textLine != c.line {
		c.text, c.textLine = []rune(c.file.line(c.line)), c.line
	}
	if c.column-1 < len(c.text) {
		return c.text[c.column-1], true
	}
	return '\n', c.line < len(c.file.lines)
}

func (c *cursor) step() {
	if r, ok := c.peek(); ok && r == '\n' && c.column-1 >= len(c.text) {
		c.line, c.column = c.line+1, 1
		return
	}
	c.column++
}

// seek moves to where the value's rune r comes from: folded line breaks and indents are skipped.
func (c *cursor) seek(r rune, style yaml.Style) {
	for {
		s, ok := c.peek()
		if s == '\\' && style&yaml.DoubleQuotedStyle != 0 && c.column == len(c.text) {
			c.column++ // a line break that is escaped stands for nothing, nor does the indent behind it
			c.breakLine()
			continue
		}
		if !ok || s == r && r != '\n' || s == '\\' && style&yaml.DoubleQuotedStyle != 0 {
			return
		}
		if !unicode.IsSpace(s) {
			return
		}
		if unicode.IsSpace(r) { // a folded break stands for one space
			return
		}
		c.step()
	}
}

// advance moves past the source of one rune of the value.
func (c *cursor) advance(style yaml.Style) {
	s, ok := c.peek()
	switch {
	case !ok:
		c.column++
	case s == '\\' && style&yaml.DoubleQuotedStyle != 0:
		c.column += c.escape()
	case s == '\'' && style&yaml.SingleQuotedStyle != 0:
		c.column += 2
	case s == '\n':
		c.breakLine()
	default:
		c.step()
	}
}

// breakLine moves to the text of the next line.
func (c *cursor) breakLine() {
	c.step()
	for s, ok := c.peek(); ok && s == ' '; s, ok = c.peek() {
		c.step()
	}
}

// escape returns the width of the escape sequence at the cursor.
func (c *cursor) escape() int {
	if c.column >= len(c.text) {
		return 1
	}
	switch c.text[c.column] {
	case 'x':
		return 4
	case 'u':
		return 6
	case 'U':
		return 10
	}
	return 2
}

// skipProperties moves past an anchor and a tag in front of a scalar.
func (c *cursor) skipProperties(n *yaml.Node) {
	for {
		s, ok := c.peek()
		if !ok || quoted(n) && (s == '"' || s == '\'') || (s != '&' || n.Anchor == "") && (s != '!' || n.Style&yaml.TaggedStyle == 0) {
			return
		}
		for s, ok := c.peek(); ok && !unicode.IsSpace(s); s, ok = c.peek() {
			c.column++
		}
		for s, ok := c.peek(); ok && unicode.IsSpace(s); s, ok = c.peek() {
			c.step()
		}
	}
}
