package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/scenario-runner/scenario-runner/engine/journal"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

// closing is the end of a text: what went wrong once more, what was excused, the count, and what to do about the rest.
func (w writer) closing(s *journal.Summary, repeat bool) string {
	var b strings.Builder
	bad := failed(s)
	if again := worthRepeating(s, bad); repeat && len(again) > 0 {
		b.WriteString("\n" + w.bold("not passed:") + "\n")
		for _, scenario := range again {
			b.WriteString(w.compact(scenario))
		}
	}
	b.WriteString(w.warnings(s))
	if b.Len() > 0 || len(bad) > 0 {
		b.WriteString("\n")
	}
	b.WriteString(w.tally(s) + "\n")
	b.WriteString(w.thresholds(s))
	b.WriteString(w.leftovers(s))
	b.WriteString(w.drift(s))
	if s.Run.Simulated != "" {
		b.WriteString("simulated: " + oneLine(s.Run.Simulated) + "\n")
	}
	if w.options.RunDir != "" && (len(bad) > 0 || w.options.Verbose) {
		b.WriteString(w.faint("evidence of the run: "+w.options.RunDir) + "\n")
	}
	return b.String()
}

// worthRepeating leaves out of the scenarios that did not pass those that were cut short with the run: whoever stopped it
// knows.
func worthRepeating(s *journal.Summary, bad []*journal.ScenarioSummary) []*journal.ScenarioSummary {
	if s.Interrupted == "" {
		return bad
	}
	return slices.DeleteFunc(slices.Clone(bad), func(scenario *journal.ScenarioSummary) bool { return len(causes(scenario.Steps)) == 0 })
}

// warnings names what did not pass and does not count.
func (w writer) warnings(s *journal.Summary) string {
	var b strings.Builder
	for _, scenario := range s.Scenarios {
		for _, st := range excused(scenario.Steps) {
			fmt.Fprintf(&b, "%s %s: step %s %s and was excused by continueOnError: %s\n", w.yellow("warning:"),
				w.stepPlace(scenario, st), st.ID, participle(st.Verdict()), oneLine(resultOf(st).Message))
		}
		for i, attempt := range scenario.Attempts {
			for _, st := range causes(attempt.Steps) {
				fmt.Fprintf(&b, "%s %s: step %s %s in attempt %d of %s: %s\n", w.yellow("warning:"),
					w.stepPlace(scenario, st), st.ID, participle(st.Verdict()), i+1, oneLine(scenario.Info.Name), oneLine(resultOf(st).Message))
			}
		}
	}
	return b.String()
}

func participle(v step.Verdict) string {
	if v == step.Inconclusive {
		return "was inconclusive"
	}
	return string(v)
}

// tally counts scenarios by verdict: "3 passed, 1 failed in 4.2s".
func (w writer) tally(s *journal.Summary) string {
	byVerdict := counts(s)
	var parts []string
	for _, v := range verdicts() {
		if n := byVerdict[v]; n > 0 {
			parts = append(parts, w.verdict(v, fmt.Sprintf("%d %s", n, v)))
		}
	}
	line := "nothing ran"
	if len(parts) > 0 {
		line = strings.Join(parts, ", ") + " in " + length(s.Took())
	}
	switch {
	case s.Interrupted != "":
		line += ", stopped: " + oneLine(s.Interrupted)
	case s.Result == nil:
		line += ", and the run did not come to its end"
	}
	return line
}

// leftovers names what was not taken back and the command that does it.
func (w writer) leftovers(s *journal.Summary) string {
	var left []string
	if s.Result != nil {
		left = s.Result.Left
	}
	cleanup := "scenario-runner cleanup --run " + s.Run.ID
	switch len(left) {
	case 0:
		return ""
	case 1:
		return w.yellow("left behind: ") + oneLine(left[0]) + "; run " + cleanup + "\n"
	}
	var b strings.Builder
	b.WriteString(w.yellow("left behind, to be taken back with "+cleanup+":") + "\n")
	for _, what := range left {
		b.WriteString(indent + oneLine(what) + "\n")
	}
	return b.String()
}
