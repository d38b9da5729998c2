// Package format lays scenario files out: fields in one order, two spaces for each level, at most one blank line in a row.
//
// It works on the lines of the file and not on a tree that is written anew, so that comments, blank lines, quotes, block
// scalars and flow style stay as the author wrote them. What it can't lay out line by line (a value on the line of two
// dashes, a key in several lines) moves as a whole and stays as it is inside. The result is compared with the original:
// a file whose meaning would change, or that would lose a comment, is refused.
package format

import (
	"errors"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/scenario-runner/scenario-runner/engine/source"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

// ErrUnsafe says that formatting would have changed what a file means. It was left as it is.
var ErrUnsafe = errors.New("it can't be formatted without changing what it means; it was left as it is")

// Format returns the file laid out. name is for messages only. The error is a diag.List when the file is not YAML, and
// ErrUnsafe when the outcome would not be the same document.
func Format(name string, data []byte, r *step.Registry) ([]byte, error) {
	file, diags := source.Parse(name, data)
	if err := diags.Err(); err != nil {
		return nil, err
	}
	root := file.Root
	text := strings.ReplaceAll(string(data), "\r\n", "\n")
	f := &formatter{lines: strings.Split(text, "\n"), file: file, layout: newLayout(r, topFields(root))}
	if !f.regular(root, 0) {
		return data, nil
	}
	for l := 1; l < root.Content[0].Line; l++ { // modelines and the comments at the top belong to the file
		f.out = append(f.out, strings.TrimRight(f.line(l), " \t"))
	}
	end := len(f.lines) + 1
	for end-1 > f.lastContent(root, 0) && f.isBlank(end-1) {
		end--
	}
	f.mapping(root, block{end: end, role: role{kind: top}})
	formatted := strings.Join(f.out, "\n") + "\n"
	if strings.Contains(string(data), "\r\n") {
		formatted = strings.ReplaceAll(formatted, "\n", "\r\n")
	}
	if !same(name, data, []byte(formatted)) {
		return nil, ErrUnsafe
	}
	return []byte(formatted), nil
}

// formatter holds the lines of a file and those of the result.
type formatter struct {
	lines  []string
	file   *source.File
	layout layout
	out    []string
}

// line returns a 1-based line, or "" past the end.
func (f *formatter) line(n int) string {
	if n < 1 || n > len(f.lines) {
		return ""
	}
	return f.lines[n-1]
}

func (f *formatter) isBlank(n int) bool { return strings.TrimSpace(f.line(n)) == "" }

func (f *formatter) isGap(n int) bool {
	text := strings.TrimSpace(f.line(n))
	return text == "" || strings.HasPrefix(text, "#")
}

func indentOf(line string) int { return len(line) - len(strings.TrimLeft(line, " ")) }

// block is where a mapping or a sequence goes.
type block struct {
	end    int      // the line after its last one
	indent int      // of its keys or dashes in the result
	dash   bool     // the first key stands behind a dash
	lead   []string // comments and blank lines in front of the first key
	role   role
}

// entry is a key with its value, and the lines that belong to it.
type entry struct {
	key, value *yaml.Node
	lead       []string // comments and blank lines in front, without indent
	start, end int
	first      bool // in the file
}

func (f *formatter) mapping(n *yaml.Node, b block) {
	entries, trailing := f.entries(n, b)
	for i, e := range f.layout.sorted(entries, b.role) {
		indent := b.indent
		if i == 0 && b.dash {
			indent -= 2
		}
		f.gap(e.lead, indent, i == 0 && !e.first)
		prefix := strings.Repeat(" ", b.indent)
		if i == 0 && b.dash {
			prefix = strings.Repeat(" ", b.indent-2) + "- "
		}
		f.entry(e, b, prefix)
	}
	f.gap(trailing, b.indent, false)
}

// entries divides the lines of a mapping among its keys. What follows the last one and is not indented deeper is
// returned apart.
func (f *formatter) entries(n *yaml.Node, b block) (entries []entry, trailing []string) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		entries = append(entries, entry{key: n.Content[i], value: n.Content[i+1], start: n.Content[i].Line, end: b.end, first: i == 0})
	}
	column := n.Content[0].Column
	for i := range entries {
		last := f.lastContent(entries[i].value, column)
		next := b.end
		if i+1 < len(entries) {
			next = entries[i+1].start
		}
		entries[i].end = f.divide(max(last, entries[i].start), next, column)
		lead := f.trimmed(entries[i].end, next)
		if i+1 < len(entries) {
			entries[i+1].lead = lead
		} else {
			trailing = lead
		}
	}
	entries[0].lead = b.lead
	return entries, trailing
}

// divide returns the line at which the comments and blank lines between the content that ends on line last and line next
// begin to belong to what follows: at the first comment that is not indented deeper than column.
func (f *formatter) divide(last, next, column int) int {
	gap := next
	for gap-1 > last && f.isGap(gap-1) {
		gap--
	}
	cut := next
	for l := gap; l < next; l++ {
		if !f.isBlank(l) && indentOf(f.line(l)) < column {
			cut = l
			break
		}
	}
	for cut-1 >= gap && f.isBlank(cut-1) {
		cut--
	}
	return cut
}

func (f *formatter) trimmed(from, to int) []string {
	var out []string
	for l := from; l < to; l++ {
		out = append(out, strings.TrimSpace(f.line(l)))
	}
	return out
}

// gap writes comments and blank lines, of which at most one stays in a row.
func (f *formatter) gap(lines []string, indent int, noBlank bool) {
	for _, l := range lines {
		if l == "" {
			if !noBlank && len(f.out) > 0 && f.out[len(f.out)-1] != "" {
				f.out = append(f.out, "")
			}
			continue
		}
		noBlank = false
		f.out = append(f.out, strings.Repeat(" ", indent)+l)
	}
}

func (f *formatter) entry(e entry, b block, prefix string) {
	column := e.key.Column
	f.out = append(f.out, strings.TrimRight(prefix+f.line(e.start)[column-1:], " \t"))
	inner := block{end: e.end, indent: b.indent + 2, role: f.layout.under(b.role, e.key.Value, e.value)}
	first := f.opens(e.value, e.start)
	switch {
	case first == 0:
		f.shifted(e.start, e.end, f.lastContent(e.value, column), b.indent-(column-1), b.indent)
	case e.value.Kind == yaml.MappingNode:
		inner.lead = f.trimmed(e.start+1, first)
		f.mapping(e.value, inner)
	default:
		f.gap(f.trimmed(e.start+1, first), inner.indent, false)
		f.sequence(e.value, inner)
	}
}

func (f *formatter) sequence(n *yaml.Node, b block) {
	dashes := f.dashes(n)
	for i, item := range n.Content {
		next := b.end
		if i+1 < len(dashes) {
			next = dashes[i+1]
		}
		end := f.divide(max(f.lastContent(item, n.Column), dashes[i]), next, n.Column)
		f.item(n.Column, item, dashes[i], block{end: end, indent: b.indent, role: b.role})
		f.gap(f.trimmed(end, next), b.indent, false)
	}
}

func (f *formatter) item(column int, item *yaml.Node, dash int, b block) {
	if f.compact(item, dash, column) {
		b.indent, b.dash, b.role = b.indent+2, true, f.layout.item(b.role)
		f.mapping(item, b)
		return
	}
	f.out = append(f.out, strings.TrimRight(strings.Repeat(" ", b.indent)+f.line(dash)[column-1:], " \t"))
	f.shifted(dash, b.end, f.lastContent(item, column), b.indent-(column-1), b.indent)
}

// shifted writes the lines after start as they are, only further left or right, down to the last that holds content.
// What follows are comments.
func (f *formatter) shifted(start, end, last, by, indent int) {
	cut := end
	for cut-1 > max(last, start) && f.isGap(cut-1) {
		cut--
	}
	for l := start + 1; l < cut; l++ {
		f.out = append(f.out, shift(f.line(l), by, indent))
	}
	f.gap(f.trimmed(cut, end), indent, false)
}

// shift moves a line. A line that stands too far left to be moved is the continuation of a text, whose indent means
// nothing as long as it is deeper than that of the key.
func shift(line string, by, indent int) string {
	switch {
	case line == "":
		return ""
	case by >= 0:
		return strings.Repeat(" ", by) + line
	case indentOf(line) >= -by:
		return line[-by:]
	case strings.TrimSpace(line) == "":
		return ""
	}
	return strings.Repeat(" ", indent+2) + strings.TrimLeft(line, " ")
}
