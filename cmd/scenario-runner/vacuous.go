package main

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/scenario-runner/scenario-runner/engine/run"
	"github.com/scenario-runner/scenario-runner/engine/scenario"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

// causes are the kinds of steps without which a story should end otherwise: they break something, tell of it, or start or
// do what heals it. What a story stands on, such as deploy, is none: without it everything fails.
func causes() []string {
	return []string{
		"injectChaos", "fireAlert", "resolveAlert", "silence", "startProcess", "use", "patch", "delete", "scale", "rollout", "node", "mock",
	}
}

// eachWithout returns every scenario once for each step that can be left out of it, without that step.
func eachWithout(w io.Writer, selected []*scenario.Scenario) ([]*scenario.Scenario, error) {
	var out []*scenario.Scenario
	for _, s := range selected {
		found := false
		for _, one := range s.Steps.Steps {
			if !slices.Contains(causes(), one.Kind) {
				continue
			}
			less, reader := s.WithoutStep(one)
			if reader != nil {
				found = true // that step could not run either
				continue
			}
			found = true
			less.Base = s
			less.Name = s.Name + " without " + one.ID
			less.Key = s.Key + "~" + one.ID
			out = append(out, less)
		}
		if !found {
			if _, err := fmt.Fprintf(w, "negative control: %s has no step that breaks or heals something, so nothing can be left out of it\n", s.Name); err != nil {
				return nil, err
			}
		}
	}
	if len(out) == 0 {
		return nil, errors.New("--vacuous: no step can be left out of any of the scenarios")
	}
	return out, nil
}

// everyControl judges the negative controls of all scenarios. The error has the exit code.
func everyControl(w io.Writer, o run.Outcome) error {
	if o.ExitCode == exitInterrupted || o.ExitCode == exitLeft {
		return &exitError{code: o.ExitCode}
	}
	code, failed := exitPassed, 0
	for _, s := range o.Scenarios {
		var text string
		switch s.Verdict {
		case step.Failed:
			failed++
			continue
		case step.Passed, step.Flaky:
			text = "passed, so its green says nothing about that step"
			code = exitFailed
		default:
			text = fmt.Sprintf("was %s, so it is not known whether it would fail", s.Verdict)
			if code == exitPassed {
				code = exitInconclusive
			}
		}
		if _, err := fmt.Fprintf(w, "negative control: %s %s\n", s.Name, text); err != nil {
			return errored(err)
		}
	}
	if _, err := fmt.Fprintf(w, "negative control: %d of %s failed, as every one must\n", failed, plural(len(o.Scenarios), "control")); err != nil {
		return errored(err)
	}
	if code != exitPassed {
		return &exitError{code: code}
	}
	return nil
}
