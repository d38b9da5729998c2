package repeat_test

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/engine/steptest"
	"github.com/scenario-runner/scenario-runner/engine/steptest/storytest"
	"github.com/scenario-runner/scenario-runner/steps/repeat"
)

func TestContract(t *testing.T) { steptest.Contract(t, repeat.New()) }

func kinds() *step.Registry { return storytest.Kinds(repeat.New()) }

// verdicts runs a repeat with these fields and one check.
func story(t *testing.T, fields, check string) *storytest.Story {
	t.Helper()
	return storytest.Run(t.Context(), t, kinds(), "steps:\n  - id: all\n    repeat: {"+fields+", steps: [{check: "+check+"}]}\n")
}

func TestVerdicts(t *testing.T) {
	for name, one := range map[string]struct {
		fields, check string
		verdict       step.Verdict
		message       string
	}{
		"all pass":         {"times: 3", `attempt > 0`, step.Passed, ""},
		"one must not":     {"times: 3", `attempt != 2`, step.Failed, "2 of 3 attempts passed, less than the >= 1 asked for"},
		"just enough":      {"times: 20, pass: '>= 0.95'", `attempt != 7`, step.Passed, ""},
		"bare number":      {"times: 20, pass: 0.95", `attempt != 7`, step.Passed, ""},
		"percent":          {"times: 20, pass: 95%", `attempt > 2`, step.Failed, "18 of 20 attempts passed, less than the >= 0.95 asked for"},
		"strictly more":    {"times: 20, pass: '> 0.95'", `attempt != 7`, step.Failed, "19 of 20 attempts passed, less than the > 0.95 asked for"},
		"sure":             {"times: 80, pass: 0.95, confidence: 0.95", `attempt > 0`, step.Passed, ""},
		"surely not":       {"times: 20, pass: 0.95, confidence: 0.95", `attempt > 10`, step.Failed, "10 of 20 attempts passed, less than the >= 0.95 asked for"},
		"not sure":         {"times: 100, pass: 0.95, confidence: 0.95", `attempt > 4`, step.Inconclusive, "96 of 100 attempts passed: the 95 % confidence interval, 0.902 to 0.984, has >= 0.95 inside it; more attempts would decide"},
		"error, no matter": {"times: 4, pass: 0.5", `"[1, 2, 3][attempt == 1 ? 9 : 0] == 1"`, step.Passed, ""},
		"error, decides":   {"times: 4, pass: 1", `"[1, 2, 3][attempt == 1 ? 9 : 0] == 1"`, step.Errored, "3 of 4 attempts passed, and 1 could not be judged, which decide whether it is >= 1"},
	} {
		t.Run(name, func(t *testing.T) {
			r := story(t, one.fields, one.check).Result(t, "all")
			if r.Verdict != one.verdict || r.Message != one.message {
				t.Errorf("got %s: %s\nwant %s: %s", r.Verdict, r.Message, one.verdict, one.message)
			}
		})
	}
}

func TestShowsTheAttemptsThatDidNotPass(t *testing.T) {
	r := story(t, "times: 4, pass: 0.9", "attempt != 3").Result(t, "all")
	want := []step.Fact{
		{Name: "share", Value: "0.750, 95 % confidence interval 0.301 to 0.954"},
		{Name: "attempt 3", Value: "step all.3.step2 failed: attempt != 3 is false"},
	}
	if diff := cmp.Diff(want, r.Facts); diff != "" {
		t.Errorf("facts (-want +got):\n%s", diff)
	}
}

func TestStopsEarly(t *testing.T) {
	for check, made := range map[string]int{"attempt > 0": 5, "attempt < 0": 6} {
		s := story(t, "times: 10, pass: 0.5, stopEarly: true", check)
		if got := s.Result(t, "all").Outputs["attempts"]; got != made {
			t.Errorf("%s: %v attempts, want %d", check, got, made)
		}
	}
}

func TestAttemptsRunAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := storytest.Run(t.Context(), t, kinds(), `steps:
  - id: all
    repeat:
      times: 6
      parallel: 3
      steps:
        - pause: 10s
        - id: n
          give: ${{ attempt }}
        - check: steps.n.value == attempt
  - check: map(steps.all.results, .steps.n.value) == [1, 2, 3, 4, 5, 6] && steps.all.rate == 1
`)
		if s.Verdict != step.Passed || s.Took.Seconds() != 20 {
			t.Errorf("%s after %s: %s; want passed after 20s", s.Verdict, s.Took, s.Message)
		}
	})
}

func TestMistakes(t *testing.T) {
	for fields, want := range map[string]string{
		"times: 0":                              "the steps must be run at least once, found 0",
		"times: 2, parallel: 0":                 "at least 1 attempt is made at once, found 0",
		"times: 2, confidence: 95":              "expected a number from 0.5 to below 1, such as 0.95, found 95",
		"times: 2, pass: '<= 0.5'":              `"<= 0.5": a share that must pass has the form ">= 0.95"`,
		"times: 2, pass: 95":                    `"95": expected a share from 0 to 1, such as ">= 0.95" or "95%"`,
		"times: 20, pass: .95, confidence: .95": "even if every attempt passes, 20 are too few to be 95 % sure that the share is >= 0.95; it takes 73",
	} {
		_, diags := storytest.Load(t, kinds(), "steps:\n  - repeat: {"+fields+", steps: [{check: attempt > 0}]}\n")
		if !strings.Contains(diags, want) {
			t.Errorf("%s\ngot:\n%s\nwant: %s", fields, diags, want)
		}
	}
}
