package shard

import (
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/journal"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

// Durations tells how long scenarios took, by name.
type Durations map[string]time.Duration

// FromRuns reads the durations from journals, given newest first. For each scenario the newest run in which it was green
// counts: one that failed may have ended early or waited in vain.
func FromRuns(journals iter.Seq[*journal.Journal]) Durations {
	out := Durations{}
	for j := range journals {
		for _, s := range journal.Summarize(j.Events).Scenarios {
			if s.Result == nil || s.Result.Took <= 0 || !counts(s.Verdict()) {
				continue
			}
			if _, newer := out[s.Info.Name]; !newer {
				out[s.Info.Name] = s.Result.Took
			}
		}
	}
	return out
}

// listed is the part of a report, or of a list of scenarios, that holds durations.
type listed struct {
	Scenarios []struct {
		Name    string       `json:"name"`
		Verdict step.Verdict `json:"verdict"`
		Seconds float64      `json:"seconds"`
	} `json:"scenarios"`
}

// FromJSON reads durations from what run --output json or list --output json wrote.
func FromJSON(data []byte) (Durations, error) {
	var doc listed
	if err := json.Unmarshal(data, &doc); err != nil {
		return nil, fmt.Errorf("not a JSON report: %w", err)
	}
	out := Durations{}
	for _, s := range doc.Scenarios {
		if counts(s.Verdict) && s.Seconds > 0 {
			out[s.Name] = time.Duration(s.Seconds * float64(time.Second))
		}
	}
	if len(out) == 0 {
		return nil, errors.New("no scenario with a duration is in it; give what run --output json or list --output json wrote")
	}
	return out, nil
}

// counts reports whether a duration with this verdict says how long the scenario takes. A list has no verdicts.
func counts(v step.Verdict) bool { return v == "" || v == step.Passed || v == step.Flaky }
