package journal

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/scenario-runner/scenario-runner/engine/step"
)

func TestSummaryOfARun(t *testing.T) {
	start := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	at := func(seconds int) time.Time { return start.Add(time.Duration(seconds) * time.Second) }
	passed, failed := &Result{Verdict: step.Passed}, &Result{Verdict: step.Failed, Message: "no"}
	events := []Event{
		{Time: at(0), Kind: RunStarted, Run: &RunInfo{ID: "r1", Scenarios: 2}},
		{Time: at(1), Kind: ScenarioStarted, Scenario: "b", Start: &ScenarioInfo{Name: "second file"}},
		{Time: at(1), Kind: ScenarioStarted, Scenario: "a", Start: &ScenarioInfo{Name: "first file"}},
		{Time: at(2), Kind: StepStarted, Scenario: "b", Step: "one", Attempt: 1, StepInfo: &StepInfo{Kind: "sleep", Title: "sleep 1s"}},
		{Time: at(2), Kind: UndoRecorded, Scenario: "b", Step: "one", Undo: &UndoInfo{ID: 1}},
		{Time: at(3), Kind: StepProgress, Scenario: "b", Step: "one", Message: "half"},
		{Time: at(4), Kind: StepFinished, Scenario: "b", Step: "one", Attempt: 1, Result: failed},
		{Time: at(5), Kind: StepStarted, Scenario: "b", Step: "one", Attempt: 2},
		{Time: at(6), Kind: StepFinished, Scenario: "b", Step: "one", Attempt: 2, Result: passed},
		{Time: at(6), Kind: StepFinished, Scenario: "b", Step: "two", StepInfo: &StepInfo{Title: "second"}, Result: &Result{Verdict: step.Skipped, Cause: "one"}},
		{Time: at(7), Kind: ScenarioFinished, Scenario: "b", Result: failed},
		{Time: at(7), Kind: UndoFinished, Scenario: "b", Undo: &UndoInfo{ID: 1}},
		{Time: at(8), Kind: ScenarioCleaned, Scenario: "b"},
		{Time: at(9), Kind: ScenarioStarted, Scenario: "b", Start: &ScenarioInfo{Name: "second file"}},
		{Time: at(9), Kind: StepStarted, Scenario: "b", Step: "one", StepInfo: &StepInfo{Title: "sleep 1s"}},
		{Time: at(10), Kind: StepFinished, Scenario: "b", Step: "one", Result: passed},
		{Time: at(11), Kind: ScenarioFinished, Scenario: "b", Result: &Result{Verdict: step.Flaky}},
		{Time: at(12), Kind: RunInterrupted, Message: "interrupted"},
	}
	got := Summarize(events)
	want := &Summary{
		Run: RunInfo{ID: "r1", Scenarios: 2}, Started: at(0), Last: at(12), Interrupted: "interrupted",
		Scenarios: []*ScenarioSummary{
			{
				Key: "b", Info: ScenarioInfo{Name: "second file"}, Started: at(9), Result: &Result{Verdict: step.Flaky},
				Steps: []*StepSummary{{ID: "one", Info: StepInfo{Title: "sleep 1s"}, Started: at(9), Attempt: 1, Result: passed}},
				Attempts: []Attempt{{Result: failed, Steps: []*StepSummary{
					{ID: "one", Info: StepInfo{Kind: "sleep", Title: "sleep 1s"}, Started: at(5), Attempt: 2, Result: passed},
					{ID: "two", Info: StepInfo{Title: "second"}, Started: at(6), Attempt: 1, Result: &Result{Verdict: step.Skipped, Cause: "one"}},
				}}},
			},
			{Key: "a", Info: ScenarioInfo{Name: "first file"}, Started: at(1)},
		},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(Summary{}, ScenarioSummary{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[step.Verdict]int{step.Flaky: 1, step.Errored: 1}, got.Counts()); diff != "" {
		t.Errorf("a scenario without an end must count as errored (-want +got):\n%s", diff)
	}
	if got.Took() != 12*time.Second {
		t.Errorf("took %v", got.Took())
	}
	if s := got.Scenario("a"); s == nil || s.Verdict() != step.Errored {
		t.Errorf("scenario a: %+v", s)
	}
}

func TestSummaryShowsWhatARunningStepSawLast(t *testing.T) {
	s := Summarize([]Event{
		{Kind: StepStarted, Scenario: "a", Step: "wait"},
		{Kind: StepProgress, Scenario: "a", Step: "wait", Message: "1/3 ready"},
	})
	wait := s.Scenarios[0].Steps[0]
	if wait.LastSeen != "1/3 ready" || wait.Result != nil || wait.Verdict() != step.Errored {
		t.Errorf("got %+v", wait)
	}
}

func TestSummaryOfNothing(t *testing.T) {
	s := Summarize(nil)
	if s.Took() != 0 || len(s.Scenarios) != 0 || s.Scenario("x") != nil {
		t.Errorf("got %+v", s)
	}
	if got := Summarize([]Event{{Kind: RunFinished, Result: &Result{Took: time.Minute}}}).Took(); got != time.Minute {
		t.Errorf("took %v", got)
	}
}
