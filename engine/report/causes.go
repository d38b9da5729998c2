package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/journal"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

// causes returns the steps that explain why a scenario is not green: those that did not pass, less the containers that
// only hand on what is said inside them, the skipped and the excused, and those that count for nothing because the
// container around them passed.
func causes(steps []*journal.StepSummary) []*journal.StepSummary {
	var bad []*journal.StepSummary
	for _, s := range steps {
		if !isGreen(s.Verdict()) && !isExcused(s) && !outvoted(s, steps) {
			bad = append(bad, s)
		}
	}
	return examples(innermost(bad))
}

// around returns the innermost container of s that gives its steps names of their own, nil when there is none.
func around(s *journal.StepSummary, all []*journal.StepSummary) *journal.StepSummary {
	i := slices.IndexFunc(all, func(other *journal.StepSummary) bool { return s.Info.Within != "" && other.ID == s.Info.Within })
	if i < 0 {
		return nil
	}
	return all[i]
}

// outvoted reports whether a container around s passed all the same, as one that wants 19 attempts of 20 to pass.
func outvoted(s *journal.StepSummary, all []*journal.StepSummary) bool {
	for at := around(s, all); at != nil; at = around(at, all) {
		if isGreen(at.Verdict()) {
			return true
		}
	}
	return false
}

// innermost drops every step that stands around another one, unless it has something of its own to say.
func innermost(steps []*journal.StepSummary) []*journal.StepSummary {
	within := map[string]bool{}
	for _, s := range steps {
		within[s.Info.Within] = true
	}
	var out []*journal.StepSummary
	for _, s := range steps {
		outer := within[s.ID]
		for _, other := range steps {
			outer = outer || other.Info.Depth > s.Info.Depth && contains(s.Info.At, other.Info.At)
		}
		if !outer || len(resultOf(s).Facts) > 0 {
			out = append(out, s)
		}
	}
	return out
}

// maxExamples is how many steps are explained inside a container that sums them up.
const maxExamples = 2

// examples leaves out most of the steps inside containers that tell themselves how each of their rounds ended.
func examples(steps []*journal.StepSummary) []*journal.StepSummary {
	shown := map[string]int{}
	return slices.DeleteFunc(slices.Clone(steps), func(s *journal.StepSummary) bool {
		if around(s, steps) == nil {
			return false
		}
		shown[s.Info.Within]++
		return shown[s.Info.Within] > maxExamples
	})
}

// uses returns the steps around one that stand in other files, the nearest first: the uses of templates that lead to it.
func uses(s *journal.StepSummary, all []*journal.StepSummary) []*journal.StepSummary {
	var out []*journal.StepSummary
	file := s.Info.At.File
	for at := around(s, all); at != nil; at = around(at, all) {
		if at.Info.At.File != file {
			file = at.Info.At.File
			out = append(out, at)
		}
	}
	return out
}

func contains(outer, inner diag.Range) bool {
	if outer.IsZero() || outer.File != inner.File {
		return false
	}
	return compare(outer.Start, inner.Start) <= 0 && compare(inner.End, outer.End) <= 0
}

func compare(a, b diag.Position) int {
	return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
}

func isExcused(s *journal.StepSummary) bool { return s.Result != nil && s.Result.Excused }

// excused returns the steps that did not pass and do not count, because of continueOnError.
func excused(steps []*journal.StepSummary) []*journal.StepSummary {
	var out []*journal.StepSummary
	for _, s := range steps {
		if isExcused(s) && !isGreen(s.Verdict()) {
			out = append(out, s)
		}
	}
	return innermost(out)
}

// skippedBecause lists the steps that were skipped because of others, one line for each cause: a step that did not run
// is no news of its own.
func skippedBecause(steps []*journal.StepSummary) []string {
	var order []string
	byCause := map[string][]string{}
	for _, s := range steps {
		if s.Verdict() != step.Skipped || resultOf(s).Cause == "" {
			continue
		}
		cause := resultOf(s).Cause
		if byCause[cause] == nil {
			order = append(order, cause)
		}
		byCause[cause] = append(byCause[cause], s.ID)
	}
	lines := make([]string, len(order))
	for i, cause := range order {
		lines[i] = fmt.Sprintf("skipped because of %s: %s", cause, strings.Join(byCause[cause], ", "))
	}
	return lines
}

// resultOf returns the result of a step, or what is to be said of a step that has none: it was still running when the run
// was killed or its scenario ended.
func resultOf(s *journal.StepSummary) *journal.Result {
	if s.Result != nil {
		return s.Result
	}
	message := "was still running at the end"
	if s.LastSeen != "" {
		message += "; last seen: " + s.LastSeen
	}
	return &journal.Result{Verdict: step.Errored, Message: message}
}

// settle gives an end to what has none, because the run was killed, and returns the scenarios concerned.
func settle(s *journal.Summary) []*journal.ScenarioSummary {
	var settled []*journal.ScenarioSummary
	for _, scenario := range s.Scenarios {
		if scenario.Result != nil {
			continue
		}
		settled = append(settled, scenario)
		scenario.Result = &journal.Result{Verdict: step.Errored, Message: "did not finish: the run ended before it", Took: s.Last.Sub(scenario.Started)}
		for _, st := range scenario.Steps {
			if st.Result == nil {
				st.Result = resultOf(st)
				st.Result.Took = s.Last.Sub(st.Started)
			}
		}
	}
	return settled
}

// failed returns the scenarios that need an explanation, in the order in which they started.
func failed(s *journal.Summary) []*journal.ScenarioSummary {
	var out []*journal.ScenarioSummary
	for _, scenario := range s.Scenarios {
		if !isGreen(scenario.Verdict()) {
			out = append(out, scenario)
		}
	}
	return out
}

// counts prefers what the run itself counted: it knows of scenarios that never started.
func counts(s *journal.Summary) map[step.Verdict]int {
	if s.Result != nil && len(s.Result.Counts) > 0 {
		return s.Result.Counts
	}
	return s.Counts()
}
