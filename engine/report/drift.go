package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/scenario-runner/scenario-runner/engine/journal"
)

// mostDrift is how many changes of others a text names; more are counted.
const mostDrift = 10

// drift names what others share with the run and is not as it was before: first what is this run's, then what was done meanwhile.
func (w writer) drift(s *journal.Summary) string {
	if s.Result == nil || len(s.Result.Drift) == 0 {
		return ""
	}
	var ours, others []string
	for _, d := range s.Result.Drift {
		if d.Ours {
			ours = append(ours, driftLine(d))
		} else {
			others = append(others, driftLine(d))
		}
	}
	if more := len(others) - mostDrift; more > 0 {
		others = append(others[:mostDrift], fmt.Sprintf("and %d more", more))
	}
	var b strings.Builder
	b.WriteString(w.yellow("left behind or changed meanwhile:") + "\n")
	for _, line := range append(ours, others...) {
		b.WriteString(indent + line + "\n")
	}
	return b.String()
}

// left reports whether the run itself has left something that it does not mean to keep.
func left(s *journal.Summary) bool {
	return s.Result != nil && slices.ContainsFunc(s.Result.Drift, func(d journal.Drift) bool { return d.Ours && !d.Kept })
}

func driftLine(d journal.Drift) string {
	by := ", by others"
	switch {
	case d.Kept:
		by = ", by this run, which keeps it on purpose"
	case d.Ours:
		by = ", by this run"
	case d.By != "":
		by += " (" + d.By + ")"
	}
	return oneLine(d.What + " " + d.How + by)
}
