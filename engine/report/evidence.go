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
)

// evidence writes the facts and sections that came with a result.
func (w writer) evidence(b *strings.Builder, r *journal.Result) {
	w.facts(b, r.Facts)
	for _, section := range r.Sections {
		b.WriteString(indentTwice + w.bold(oneLine(section.Title)) + "\n")
		lines := section.Lines
		if hidden := len(lines) - sectionLines; hidden > 0 {
			fmt.Fprintf(b, "%s%s\n", indentTwice+indent, w.faint(fmt.Sprintf("… %s before", count(hidden, "line"))))
			lines = lines[hidden:]
		}
		for _, line := range lines {
			b.WriteString(indented(line, indentTwice+indent))
		}
	}
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
		if hidden := len(lines) - factLines; hidden > 0 {
			lines = append(lines[:factLines:factLines], w.faint("… "+count(hidden, "line")+" more"))
		}
		b.WriteString(indentTwice + name + gap + lines[0] + "\n")
		for _, line := range lines[1:] {
			b.WriteString(indentTwice + strings.Repeat(" ", width+3) + line + "\n")
		}
	}
}

// shortened returns the first facts, each on one line.
func shortened(facts []step.Fact) []step.Fact {
	out := slices.Clone(facts[:min(len(facts), compactFacts)])
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
