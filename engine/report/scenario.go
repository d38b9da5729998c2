package report

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/journal"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

const (
	indent      = "  "
	indentTwice = indent + indent
)

// writer writes what is to be said of scenarios as text.
type writer struct {
	paint
	options Options
	whole   bool // for machines: nothing is cut or left out
}

// complete says that the reader wants everything.
func (w writer) complete() bool { return w.whole || w.options.Verbose }

// headline is the one line about a scenario that ended.
func (w writer) headline(s *journal.ScenarioSummary) string {
	v := s.Verdict()
	parts := []string{w.mark(v) + " " + w.bold(oneLine(s.Info.Name))}
	if v != step.Passed {
		parts = append(parts, w.verdict(v, string(v)))
	}
	if v == step.Skipped {
		return strings.Join(append(parts, oneLine(s.Result.Message)), indent)
	}
	if n := len(s.Attempts); n > 0 {
		parts = append(parts, fmt.Sprintf("attempt %d", n+1))
	}
	parts = append(parts, w.faint(count(cmp.Or(s.Info.Steps, len(s.Steps)), "step")), w.faint(length(s.Result.Took)))
	return strings.Join(parts, indent)
}

// stepList shows the steps of a scenario, one line each, without those that never ran because of another: failure has
// one line for all of them.
func (w writer) stepList(s *journal.ScenarioSummary) string {
	var b strings.Builder
	width := 0
	for _, st := range s.Steps {
		width = max(width, len(st.ID)+2*st.Info.Depth)
	}
	for _, st := range s.Steps {
		if resultOf(st).Cause != "" {
			continue
		}
		id := strings.Repeat(indent, st.Info.Depth) + st.ID
		b.WriteString(indentTwice + w.stepLine(st, fmt.Sprintf("%-*s", width, id)) + "\n")
	}
	return b.String()
}

func (w writer) stepLine(s *journal.StepSummary, id string) string {
	v := s.Verdict()
	line := w.mark(v) + " " + id + indent + oneLine(s.Info.Title)
	switch {
	case v == step.Skipped:
		return line + indent + w.faint(oneLine(resultOf(s).Message))
	case v != step.Passed:
		line += indent + w.verdict(v, string(v))
	}
	if isExcused(s) {
		line += " (excused by continueOnError)"
	}
	if s.Attempt > 1 {
		line += fmt.Sprintf(" after %d attempts", s.Attempt)
	}
	return line + indent + w.faint(length(resultOf(s).Took))
}

// failure explains a scenario that is not green. listed says that the list of its steps stands above.
func (w writer) failure(s *journal.ScenarioSummary, listed bool) string {
	var b strings.Builder
	found := causes(s.Steps)
	for _, st := range found {
		w.cause(&b, st, uses(st, s.Steps), listed)
	}
	if len(found) == 0 {
		w.ownCause(&b, s)
	}
	for _, line := range skippedBecause(s.Steps) {
		b.WriteString(indent + w.faint(line) + "\n")
	}
	b.WriteString(indent + "run it again: " + w.rerun(s) + "\n")
	return b.String()
}

// cause explains one step: place and message with an excerpt, what it was, facts, sections.
func (w writer) cause(b *strings.Builder, s *journal.StepSummary, uses []*journal.StepSummary, listed bool) {
	message, more, _ := strings.Cut(resultOf(s).Message, "\n")
	b.WriteString(indented(w.placed(s.Info.At, s.Verdict(), message, uses), indent))
	b.WriteString(indented(more, indentTwice))
	line := fmt.Sprintf("step %s (%s), %s", s.ID, oneLine(s.Info.Title), w.after(s))
	if listed {
		line = "step " + s.ID
	}
	b.WriteString(indent + w.cut(line, indent) + "\n")
	w.evidence(b, resultOf(s))
}

// placed draws a message with its place and, when the file can be read, the line it is about.
func (w writer) placed(at diag.Range, v step.Verdict, message string, uses []*journal.StepSummary) string {
	message = w.verdict(v, message)
	if at.IsZero() {
		return message + " " + w.faint("["+string(v)+"]")
	}
	printer := diag.Printer{Source: w.options.source, Bold: w.bold, Red: w.red, Yellow: w.yellow, Faint: w.faint}
	var drawn strings.Builder
	d := diag.Diagnostic{Range: at, Message: message, Check: string(v)}
	for _, use := range uses {
		d.Note(use.Info.At, "used by step %s", use.ID)
	}
	_ = printer.Print(&drawn, diag.List{d}) // a Builder takes everything
	return strings.TrimRight(drawn.String(), "\n")
}

func (w writer) after(s *journal.StepSummary) string {
	text := "after " + length(resultOf(s).Took)
	if s.Attempt > 1 {
		text += fmt.Sprintf(" and %d attempts", s.Attempt)
	}
	if s.Info.Phase != "" {
		text += ", in " + s.Info.Phase
	}
	return text
}

// ownCause explains a scenario that none of its steps explains: its namespace could not be made, it was interrupted.
func (w writer) ownCause(b *strings.Builder, s *journal.ScenarioSummary) {
	b.WriteString(indent + w.stated(w.place(s), w.ownMessage(s), s.Verdict()))
	w.evidence(b, s.Result)
}

// stated is a line of place, message and verdict.
func (w writer) stated(place, message string, v step.Verdict) string {
	return w.bold(place) + ": " + w.verdict(v, oneLine(message)) + " " + w.faint("["+string(v)+"]") + "\n"
}

func (w writer) place(s *journal.ScenarioSummary) string { return cmp.Or(s.Info.File, s.Key) }

func (w writer) stepPlace(s *journal.ScenarioSummary, st *journal.StepSummary) string {
	if st.Info.At.IsZero() {
		return w.place(s)
	}
	return st.Info.At.String()
}

func (w writer) ownMessage(s *journal.ScenarioSummary) string {
	if s.Result.Message == "" {
		return "no step says why"
	}
	return s.Result.Message
}

// compact explains a scenario in few lines, for the list at the end.
func (w writer) compact(s *journal.ScenarioSummary) string {
	var b strings.Builder
	found := causes(s.Steps)
	for _, st := range found {
		message, _, _ := strings.Cut(resultOf(st).Message, "\n")
		b.WriteString(indent + w.mark(st.Verdict()) + " " + w.stated(w.stepPlace(s, st), message, st.Verdict()))
		w.facts(&b, shortened(resultOf(st).Facts))
	}
	if len(found) == 0 {
		b.WriteString(indent + w.mark(s.Verdict()) + " " + w.stated(w.place(s), w.ownMessage(s), s.Verdict()))
	}
	b.WriteString(indentTwice + "run it again: " + w.rerun(s) + "\n")
	return b.String()
}

// rerun is the command that runs a scenario again.
func (w writer) rerun(s *journal.ScenarioSummary) string {
	file := s.Info.File
	if file == "" {
		file, _, _ = strings.Cut(s.Key, "#")
	}
	words := []string{"scenario-runner run"}
	more := []string{cmp.Or(w.options.Suite, file)}
	if !s.Info.Setup && (w.options.Suite != "" || strings.Contains(s.Key, "#")) { // one of a suite, or a case of a matrix
		more = append(more, "--name", "^"+regexp.QuoteMeta(cmp.Or(s.Info.Base, s.Info.Name))+"$")
	}
	for _, word := range append(slices.Clone(w.options.Again), more...) {
		words = append(words, quoted(word))
	}
	return strings.Join(words, " ")
}

// quoted writes a word as a shell takes it.
func quoted(word string) string {
	if strings.ContainsAny(word, " \t'\"\\$&|;<>()*?[]{}#~`!") {
		return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
	}
	return word
}
