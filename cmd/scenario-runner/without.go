package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/scenario-runner/scenario-runner/engine/run"
	"github.com/scenario-runner/scenario-runner/engine/scenario"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

// leaveOut takes steps out of scenarios, for a negative control. A scenario that has none of them proves nothing about
// them, so it is an error to select it.
func leaveOut(selected []*scenario.Scenario, ids []string) ([]*scenario.Scenario, error) {
	if len(ids) == 0 {
		return selected, nil
	}
	out := make([]*scenario.Scenario, len(selected))
	for i, s := range selected {
		for _, id := range ids {
			less, err := s.Without(id)
			if err != nil {
				return nil, fmt.Errorf("--without %w", err)
			}
			s = less
		}
		out[i] = s
	}
	return out, nil
}

// control judges a negative control: every scenario must have failed. The error has the exit code.
func control(w io.Writer, o run.Outcome, ids []string) error {
	if o.ExitCode == exitInterrupted || o.ExitCode == exitLeft {
		return &exitError{code: o.ExitCode}
	}
	what := strings.Join(ids, " and ")
	code := exitPassed
	for _, s := range o.Scenarios {
		var text string
		switch s.Verdict {
		case step.Failed:
			continue
		case step.Passed, step.Flaky:
			text = fmt.Sprintf("%s passed without %s, so its green says nothing about that", s.Name, what)
			code = exitFailed
		default:
			text = fmt.Sprintf("%s was %s without %s, so it is not known whether it would fail", s.Name, s.Verdict, what)
			if code == exitPassed {
				code = exitInconclusive
			}
		}
		if _, err := fmt.Fprintln(w, "negative control: "+text); err != nil {
			return errored(err)
		}
	}
	if code != exitPassed {
		return &exitError{code: code}
	}
	_, err := fmt.Fprintf(w, "negative control: %s failed without %s, as it must be\n", plural(len(o.Scenarios), "scenario"), what)
	return err
}
