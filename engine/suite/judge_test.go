package suite_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/run"
	"github.com/scenario-runner/scenario-runner/engine/scenario"
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/engine/suite"
)

// ended makes scenarios that ended with these verdicts; every second one is critical.
func ended(verdicts ...step.Verdict) ([]*scenario.Scenario, run.Outcome) {
	var all []*scenario.Scenario
	o := run.Outcome{Counts: map[step.Verdict]int{}}
	for i, v := range verdicts {
		s := &scenario.Scenario{Name: fmt.Sprint(i), Key: fmt.Sprint(i)}
		if i%2 == 0 {
			s.Labels = map[string]string{"priority": "critical"}
		}
		all = append(all, s)
		how := run.ScenarioOutcome{Key: s.Key, Verdict: v, Attempts: 1}
		if v == "not run" {
			how.Verdict, how.Attempts = step.Skipped, 0
		}
		o.Scenarios = append(o.Scenarios, how)
		o.Counts[how.Verdict]++
	}
	return all, o
}

func times(n int, v step.Verdict, more ...step.Verdict) []step.Verdict {
	for range n {
		more = append(more, v)
	}
	return more
}

func TestPassRate(t *testing.T) {
	for _, test := range []struct {
		verdicts    []step.Verdict
		rate        float64
		failOnFlaky bool
		holds       bool
		text        string
	}{
		{times(20, step.Passed), 1, false, true, "20 of 20 passed; passRate 1 >= 1 holds"},
		{times(19, step.Passed, step.Failed), 0.95, false, true, "1 of 20 failed; passRate 0.95 >= 0.95 holds"},
		{times(18, step.Passed, step.Failed, step.Failed), 0.95, false, false, "2 of 20 failed; passRate 0.9 >= 0.95 does not hold"},
		{times(7, step.Passed, step.Failed, step.Errored, step.Inconclusive), 0.5, false, true, "1 failed, 1 errored, 1 was inconclusive of 10; passRate 0.7 >= 0.5 holds"},
		{times(2, step.Passed, step.Flaky), 1, false, true, "3 of 3 passed; passRate 1 >= 1 holds"},
		{times(2, step.Passed, step.Flaky), 1, true, false, "1 of 3 was flaky; passRate 0.666 >= 1 does not hold"},
		{times(3, step.Passed, "not run"), 0.75, false, true, "1 of 4 was not run; passRate 0.75 >= 0.75 holds"},
		{times(2, step.Passed, step.Skipped, step.Skipped), 1, false, true, "2 of 2 passed (2 skipped, not counted); passRate 1 >= 1 holds"},
		{times(3, step.Skipped), 0, false, false, "no scenario was judged; passRate >= 0 does not hold"},
		{times(1999, step.Passed, step.Failed), 1, false, false, "1 of 2000 failed; passRate 0.999 >= 1 does not hold"},
	} {
		all, o := ended(test.verdicts...)
		s := &suite.Suite{Thresholds: []suite.Threshold{{Name: "passRate", Value: test.rate}}}
		got := s.Judge(all, o, test.failOnFlaky)
		if len(got) != 1 || got[0].Text != test.text || got[0].Holds != test.holds {
			t.Errorf("got %+v, want %s", got, test.text)
		}
	}
}

func TestOtherThresholds(t *testing.T) {
	all, o := ended(step.Failed, step.Passed, step.Passed, step.Flaky)
	o.Took = 724*time.Second + 300*time.Millisecond
	s := &suite.Suite{Thresholds: []suite.Threshold{
		{Name: "passRate", Value: 0.5},
		{Name: "passRate", Label: "priority=critical", Value: 1},
		{Name: "passRate", Label: "priority=none", Value: 1},
		{Name: "maxDuration", Value: 1800},
		{Name: "maxDuration", Value: 600},
		{Name: "maxFlaky", Value: 1},
		{Name: "maxFlaky", Value: 0},
	}}
	var got []string
	for _, threshold := range s.Judge(all, o, false) {
		got = append(got, fmt.Sprintf("%v %s %s %s", threshold.Holds, threshold.Allowed, threshold.Actual, threshold.Text))
	}
	equal(t, "thresholds", []string{
		"true >= 0.5 0.75 1 of 4 failed; passRate 0.75 >= 0.5 holds",
		"false >= 1 0.5 priority=critical: 1 of 2 failed; passRate 0.5 >= 1 does not hold",
		"true <= 30m 12m4s the run took 12m4s; maxDuration <= 30m holds",
		"false <= 10m 12m4s the run took 12m4s; maxDuration <= 10m does not hold",
		"true <= 1 1 1 was flaky; maxFlaky 1 <= 1 holds",
		"false <= 0 1 1 was flaky; maxFlaky 1 <= 0 does not hold",
	}, got)
}
