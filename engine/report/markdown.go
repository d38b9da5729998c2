package report

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"github.com/scenario-runner/scenario-runner/engine/journal"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

// markdown is a summary for a pull request, a wiki or the summary page of a CI job: a table of all scenarios, those that
// did not pass first, and what is known of each of these.
type markdown struct {
	writer
	out      io.Writer
	summary  *journal.Summary
	progress *text
}

func openMarkdown(out io.Writer, o Options, toStdout bool) Sink {
	m := &markdown{writer: writer{options: o, whole: true}, out: out, summary: &journal.Summary{}}
	if toStdout {
		m.progress = openProgress(o)
	}
	return m
}

// Event takes the next event.
func (m *markdown) Event(e journal.Event) {
	m.summary.Apply(cleanEvent(e))
	if m.progress != nil {
		m.progress.Event(e)
	}
}

// Close writes the document.
func (m *markdown) Close() error {
	var problem error
	if m.progress != nil {
		problem = m.progress.Close()
	}
	settle(m.summary)
	_, err := io.WriteString(m.out, m.document(m.summary))
	return errors.Join(problem, err)
}

// mostPassed is how many scenarios that passed are listed; the others are counted.
const mostPassed = 50

// document is the whole text. It is for a page that also takes HTML, as those of GitHub and GitLab do.
func (w writer) document(s *journal.Summary) string {
	var b strings.Builder
	bad := failed(s)
	mark, headline := "✓", count(len(s.Scenarios), "scenario")+" passed"
	if len(bad) > 0 || !allGreen(s) {
		mark, headline = "✗", fmt.Sprintf("%d of %s did not pass", len(bad), count(len(s.Scenarios), "scenario"))
	}
	fmt.Fprintf(&b, "## %s %s\n\n%s\n", mark, headline, escapeMarkdown(w.tally(s)))
	if text := w.thresholds(s); text != "" {
		b.WriteString("\n" + fenced(text))
	}
	w.table(&b, s)
	for _, scenario := range bad {
		fmt.Fprintf(&b, "\n### %s %s\n\n%s", w.mark(scenario.Verdict()), escapeMarkdown(oneLine(scenario.Info.Name)), fenced(w.failure(scenario, false)))
	}
	if text := w.leftovers(s); text != "" {
		b.WriteString("\n### Left behind\n\n" + fenced(text))
	}
	if text := w.drift(s); text != "" {
		b.WriteString("\n### Not as before\n\n" + fenced(text))
	}
	if s.Run.Simulated != "" {
		b.WriteString("\nSimulated: " + escapeMarkdown(oneLine(s.Run.Simulated)) + "\n")
	}
	return b.String()
}

// table has a row for each scenario, those that are not green first.
func (w writer) table(b *strings.Builder, s *journal.Summary) {
	if len(s.Scenarios) == 0 {
		return
	}
	b.WriteString("\n| | scenario | verdict | time | |\n|---|---|---|---|---|\n")
	passed := 0
	for _, green := range []bool{false, true} {
		for _, scenario := range s.Scenarios {
			v := scenario.Verdict()
			if isGreen(v) != green {
				continue
			}
			if v == step.Passed {
				if passed++; passed > mostPassed {
					continue
				}
			}
			why := ""
			if !green || v == step.Skipped {
				why = ansi.Truncate(w.reason(scenario), lineWidth, "…")
			}
			fmt.Fprintf(b, "| %s | %s | %s | %s | %s |\n", w.mark(v), escapeMarkdown(oneLine(scenario.Info.Name)), v, length(scenario.Result.Took), escapeMarkdown(why))
		}
	}
	if more := passed - mostPassed; more > 0 {
		fmt.Fprintf(b, "\nand %d more that passed\n", more)
	}
}

// reason says in one line why a scenario is not green.
func (w writer) reason(s *journal.ScenarioSummary) string {
	if found := causes(s.Steps); len(found) > 0 {
		return found[0].ID + ": " + oneLine(resultOf(found[0]).Message)
	}
	return oneLine(w.ownMessage(s))
}

// fenced puts a text into a code block whose fence is longer than any in the text.
func fenced(text string) string {
	fence := "```"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	return fence + "text\n" + strings.TrimRight(text, "\n") + "\n" + fence + "\n"
}

// escapeMarkdown keeps what comes from a cluster from being markup, in a table too.
func escapeMarkdown(s string) string {
	return strings.NewReplacer(`\`, `\\`, "|", `\|`, "<", "&lt;", ">", "&gt;", "*", `\*`, "_", `\_`, "`", "\\`", "[", `\[`, "]", `\]`, "#", `\#`, "@", "&#64;").Replace(s)
}
