package plan

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// Text writes plans for people.
func Text(w io.Writer, plans []Plan) error {
	var b strings.Builder
	for i, p := range plans {
		if i > 0 {
			b.WriteString("\n")
		}
		p.text(&b)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (p Plan) text(b *strings.Builder) {
	fmt.Fprintf(b, "%s  %s\n", p.Name, p.File)
	if p.Description != "" {
		fmt.Fprintf(b, "  %s\n", strings.Join(strings.Fields(p.Description), " "))
	}
	where := "a namespace of its own, which is removed at the end"
	if p.Namespace != "" {
		where = "namespace " + p.Namespace
	}
	fmt.Fprintf(b, "  works in %s", where)
	if p.MaxDuration > 0 {
		fmt.Fprintf(b, "; takes at most %s", short(p.MaxDuration))
	}
	var rows [][]string
	rows = append(rows, stepRows(p.Steps, 0)...)
	b.WriteString("\n\n  steps\n")
	table(b, rows)
	if len(p.Finally) > 0 {
		b.WriteString("\n  finally\n")
		table(b, stepRows(p.Finally, 0))
	}
	b.WriteString("\n  will touch\n")
	table(b, p.touchRows())
	if text := p.Summary.String(); text != "" {
		fmt.Fprintf(b, "\n  in all: %s\n", text)
	}
	for _, radius := range p.Summary.BlastRadius {
		fmt.Fprintf(b, "  blast radius: %s\n", radius)
	}
}

// touchRows lists what is touched: step, verb and what. What a step does in the same way to several things is one row.
func (p Plan) touchRows() [][]string {
	var rows [][]string
	if p.Namespace == "" {
		rows = append(rows, []string{"", "create and remove", "a namespace of its own"})
	}
	for rest := p.Touches; len(rest) > 0; {
		first := rest[0]
		n := slices.IndexFunc(rest, func(t Touch) bool {
			return t.Step != first.Step || t.Verb != first.Verb || t.Where != first.Where || t.Stays != first.Stays
		})
		if n < 0 {
			n = len(rest)
		}
		rows = append(rows, []string{first.Step, first.Verb, together(rest[:n])})
		rest = rest[n:]
	}
	if rows == nil {
		rows = [][]string{{"nothing"}}
	}
	return rows
}

// mostNamed is how many things a row names; more are counted.
const mostNamed = 6

func together(touches []Touch) string {
	var names []string
	for _, t := range touches {
		name := t.What
		if t.Now != "" {
			name += " (now " + t.Now + ")"
		}
		names = append(names, name)
	}
	if len(names) > mostNamed {
		names = append(names[:mostNamed], fmt.Sprintf("%d more", len(names)-mostNamed))
	}
	text := strings.Join(names, ", ")
	if where := touches[0].Where; where != "" {
		text += " (" + where + ")"
	}
	if touches[0].Stays {
		text += "; stays after the scenario"
	}
	return text
}

func stepRows(steps []Step, depth int) [][]string {
	var rows [][]string
	for _, s := range steps {
		rows = append(rows, []string{strings.Repeat("  ", depth) + s.ID, s.Kind, s.shortTitle(), s.remarks()})
		rows = append(rows, stepRows(s.Steps, depth+1)...)
	}
	return rows
}

// widest is how many characters of a title are shown, so that the remarks stay on the screen.
const widest = 60

func (s Step) shortTitle() string {
	title := []rune(strings.Join(strings.Fields(s.Title), " "))
	switch {
	case s.Title == s.Kind:
		return ""
	case len(title) > widest:
		return string(title[:widest-1]) + "…"
	}
	return string(title)
}

// remarks says what is not as usual: the usual step waits for the one before it, and has the time limit of its kind.
func (s Step) remarks() string {
	var parts []string
	add := func(when bool, format string, args ...any) {
		if when {
			parts = append(parts, fmt.Sprintf(format, args...))
		}
	}
	add(!s.inLine && len(s.direct) > 0, "after %s", strings.Join(s.direct, ", "))
	add(len(s.Started) > 0, "beside %s", strings.Join(s.Started, ", "))
	add(!s.inLine && len(s.After) == 0 && len(s.Started) == 0, "at once")
	add(s.Together, "all inside at once")
	add(s.Background, "in the background")
	add(s.If != "", "if %s", strings.Join(strings.Fields(s.If), " "))
	add(s.Always, "always")
	add(s.ContinueOnError, "may fail")
	add(s.Attempts > 1, "up to %d attempts", s.Attempts)
	add(s.Timeout > 0 && !s.usual, "at most %s", short(s.Timeout))
	return strings.Join(parts, "; ")
}

// table writes rows in columns, without blanks at the end of a line.
func table(b *strings.Builder, rows [][]string) {
	var cells strings.Builder
	t := tabwriter.NewWriter(&cells, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		fmt.Fprintln(t, "    "+strings.Join(row, "\t"))
	}
	_ = t.Flush() // a strings.Builder takes everything
	for line := range strings.Lines(cells.String()) {
		b.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
}

// short writes a duration as an author would: 2m, not 2m0s.
func short(d Duration) string {
	s := time.Duration(d).String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// MarshalText writes d as scenarios write it.
func (d Duration) MarshalText() ([]byte, error) { return []byte(short(d)), nil }

// JSON writes plans as one document.
func JSON(w io.Writer, plans []Plan) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(map[string]any{"scenarios": plans})
}
