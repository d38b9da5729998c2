package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"github.com/scenario-runner/scenario-runner/engine/journal"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

const (
	sectionLines = 20 // of a section that text shows; the rest is in the other reports
	factLines    = 12 // of the value of a fact
	factWidth    = 48 // of a name; longer ones push their value to the right
	compactFacts = 6  // in the list at the end
	compactWidth = 100
	lineWidth    = 160 // of a line of evidence; the whole line is in the other reports
)

// evidence writes the facts and sections that came with a result.
func (w writer) evidence(b *strings.Builder, r *journal.Result) {
	w.facts(b, w.shownFacts(r.Facts))
	for _, section := range w.shownSections(r.Sections) {
		b.WriteString(indentTwice + w.bold(w.cut(oneLine(section.Title), indentTwice)) + "\n")
		for _, line := range section.Lines {
			for _, part := range strings.Split(line, "\n") {
				b.WriteString(indented(w.cut(part, indentTwice+indent), indentTwice+indent))
			}
		}
	}
}

// cut shortens a line that stands behind an indentation to what is read.
func (w writer) cut(line, indentation string) string {
	if w.complete() {
		return line
	}
	return ansi.Truncate(line, lineWidth-len(indentation), "…")
}

// shownFacts leaves out the details that nobody asked for.
func (w writer) shownFacts(facts []step.Fact) []step.Fact {
	if w.complete() {
		return facts
	}
	return slices.DeleteFunc(slices.Clone(facts), func(f step.Fact) bool { return f.Detail })
}

// shownSections leaves out details and the beginnings of long sections, and puts sections of the same title together:
// one for each of several objects reads as one.
func (w writer) shownSections(sections []step.Section) []step.Section {
	var out []step.Section
	for _, section := range sections {
		if section.Detail && !w.complete() {
			continue
		}
		lines := section.Lines
		if hidden := len(lines) - sectionLines; hidden > 0 && !w.whole {
			lines = append([]string{w.faint(fmt.Sprintf("… %s before", count(hidden, "line")))}, lines[hidden:]...)
		}
		at := slices.IndexFunc(out, func(other step.Section) bool { return other.Title == section.Title })
		if at < 0 {
			out = append(out, step.Section{Title: section.Title})
			at = len(out) - 1
		}
		out[at].Lines = append(out[at].Lines, lines...)
	}
	return out
}

// facts writes names and values in two columns.
func (w writer) facts(b *strings.Builder, facts []step.Fact) {
	width := 0
	for _, f := range facts {
		width = max(width, min(ansi.StringWidth(oneLine(f.Name)), factWidth))
	}
	for _, f := range facts {
		name := oneLine(f.Name)
		gap := strings.Repeat(" ", max(width-ansi.StringWidth(name), 0)+3)
		lines := strings.Split(f.Value, "\n")
		if hidden := len(lines) - factLines; hidden > 0 && !w.whole {
			lines = append(lines[:factLines:factLines], w.faint("… "+count(hidden, "line")+" more"))
		}
		b.WriteString(indentTwice + w.cut(name+gap+lines[0], indentTwice) + "\n")
		for _, line := range lines[1:] {
			b.WriteString(indentTwice + w.cut(strings.Repeat(" ", width+3)+line, indentTwice) + "\n")
		}
	}
}

// shortened returns the first facts that are no details, each on one line.
func shortened(facts []step.Fact) []step.Fact {
	out := slices.DeleteFunc(slices.Clone(facts), func(f step.Fact) bool { return f.Detail })
	out = out[:min(len(out), compactFacts)]
	for i := range out {
		out[i].Value = ansi.Truncate(oneLine(out[i].Value), compactWidth, "…")
	}
	return out
}

// indented puts prefix in front of each line of s; of nothing it makes nothing.
func indented(s, prefix string) string {
	if s == "" {
		return ""
	}
	return prefix + strings.ReplaceAll(s, "\n", "\n"+prefix) + "\n"
}
