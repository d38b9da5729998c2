package receive

import (
	"fmt"
	"strings"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/inbox"
)

const (
	shownRequests = 10
	shownWidth    = 200
)

// explain adds what arrived to a failure.
func (w *waiting) explain(f *step.Failure) error {
	s := w.last.state
	f.Explain("requests", shown(s.Requests)...)                  //nolint:errcheck // it returns the failure itself
	f.Explain("requests that were refused", first(s.Strange)...) //nolint:errcheck // it returns the failure itself
	if len(w.last.doubtful) > 0 {
		f.Explain("requests of which where could not be told", fmt.Sprintf("request %d: %s", w.last.doubtful[0], w.last.doubt)) //nolint:errcheck // it returns the failure itself
	}
	if len(s.Requests)+len(s.Strange) == 0 {
		f.Message += "; nothing arrived at all"
	}
	return f
}

func first(lines []string) []string {
	if len(lines) > shownRequests {
		return append(lines[:shownRequests:shownRequests], fmt.Sprintf("… and %d more", len(lines)-shownRequests))
	}
	return lines
}

// shown describes the last requests, one line each.
func shown(all []*inbox.Request) []string {
	var lines []string
	start := max(0, len(all)-shownRequests)
	if start > 0 {
		lines = append(lines, fmt.Sprintf("… %d before these", start))
	}
	for i, r := range all[start:] {
		text := strings.Join(strings.Fields(r.Text), " ")
		if runes := []rune(text); len(runes) > shownWidth {
			text = string(runes[:shownWidth]) + "…"
		}
		lines = append(lines, strings.TrimSpace(fmt.Sprintf("%d  %s %s  %s", start+i+1, r.Method, r.Path, text)))
	}
	return lines
}
