package diag

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Printer draws diagnostics with the line they are about and a caret under the range.
type Printer struct {
	// Source returns the bytes of a file, or nil when they are not known; then only the message is printed.
	Source func(file string) []byte
	// Bold, Red, Yellow and Faint style text for a terminal. Nil leaves it plain.
	Bold, Red, Yellow, Faint func(string) string
}

// Print writes the sorted list, each diagnostic followed by a blank line.
func (p Printer) Print(w io.Writer, list List) error {
	var b strings.Builder
	for _, d := range list.Sorted() {
		p.draw(&b, d)
		b.WriteByte('\n')
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (p Printer) draw(b *strings.Builder, d Diagnostic) {
	b.WriteString(style(p.Bold, d.Range.String()+":"))
	b.WriteByte(' ')
	if d.Severity == Warning {
		b.WriteString(style(p.Yellow, "warning: "))
	}
	b.WriteString(d.Message)
	if d.Check != "" {
		b.WriteString(style(p.Faint, " ["+d.Check+"]"))
	}
	b.WriteByte('\n')
	colour := p.Red
	if d.Severity == Warning {
		colour = p.Yellow
	}
	p.excerpt(b, d.Range, colour)
	for _, n := range d.Notes {
		text := n.Message
		if !n.Range.IsZero() {
			text += " (" + n.Range.String() + ")"
		}
		fmt.Fprintf(b, "   = %s\n", text)
	}
}

// excerpt draws the first line of r and underlines r within it.
func (p Printer) excerpt(b *strings.Builder, r Range, colour func(string) string) {
	line, ok := p.line(r)
	if !ok {
		return
	}
	length := utf8.RuneCountInString(line)
	start := min(max(r.Start.Column-1, 0), length)
	end := length
	if r.End.Line == r.Start.Line {
		end = min(r.End.Column-1, length)
	}
	width := max(end-start, 1)
	gutter := fmt.Sprint(r.Start.Line)
	blank := strings.Repeat(" ", len(gutter))
	fmt.Fprintf(b, " %s |\n", blank)
	fmt.Fprintf(b, " %s | %s\n", gutter, strings.ReplaceAll(line, "\t", " "))
	fmt.Fprintf(b, " %s | %s%s\n", blank, strings.Repeat(" ", start), style(colour, strings.Repeat("^", width)))
}

func (p Printer) line(r Range) (string, bool) {
	if p.Source == nil || r.IsZero() {
		return "", false
	}
	data := string(p.Source(r.File))
	for n := 1; ; n++ {
		line, rest, more := strings.Cut(data, "\n")
		if n == r.Start.Line {
			return strings.TrimSuffix(line, "\r"), data != ""
		}
		if !more {
			return "", false
		}
		data = rest
	}
}

func style(f func(string) string, s string) string {
	if f == nil {
		return s
	}
	return f(s)
}
