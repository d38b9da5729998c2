package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/scenario-runner/scenario-runner/engine/journal"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

// thresholds says of a suite whether it is good enough, and why. A suite that passes although scenarios did not must not
// look as if they had.
func (w writer) thresholds(s *journal.Summary) string {
	if s.Result == nil || len(s.Result.Thresholds) == 0 {
		return ""
	}
	verdict := s.Result.Verdict
	var b strings.Builder
	fmt.Fprintf(&b, "%s suite %s %s\n", w.mark(verdict), w.bold(oneLine(s.Run.Suite)), w.verdict(verdict, participle(verdict)))
	for _, t := range s.Result.Thresholds {
		mark := w.mark(step.Passed)
		if !t.Holds {
			mark = w.mark(step.Failed)
		}
		b.WriteString(indent + mark + " " + oneLine(t.Text) + "\n")
	}
	return b.String()
}

// allGreen reports whether every scenario of a suite passed and every threshold holds: then there is nothing to say.
func allGreen(s *journal.Summary) bool {
	if s.Result == nil {
		return false
	}
	for v, n := range s.Result.Counts {
		if n > 0 && !isGreen(v) {
			return false
		}
	}
	return !slices.ContainsFunc(s.Result.Thresholds, func(t journal.Threshold) bool { return !t.Holds })
}

// thresholdName names a threshold for machines: "passRate", "passRate[priority=critical]".
func thresholdName(t journal.Threshold) string {
	if t.Label == "" {
		return "threshold." + t.Name
	}
	return "threshold." + t.Name + "[" + t.Label + "]"
}
