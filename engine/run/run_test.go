package run

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/journal"
	"github.com/scenario-runner/scenario-runner/engine/scenario"
	"github.com/scenario-runner/scenario-runner/engine/source"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

func TestNothingSelectedIsAnError(t *testing.T) {
	b := newBench(t)
	out, err := Run(t.Context(), nil, b.options)
	if !errors.Is(err, ErrNoScenarios) || err.Error() != "no scenario was selected; a run of nothing proves nothing" {
		t.Errorf("error is %v", err)
	}
	if out.ExitCode != ExitErrored || out.Verdict != step.Errored || b.journal.events != nil {
		t.Errorf("outcome is %+v, events are %v", out, b.journal.events)
	}
}

func TestExitCodes(t *testing.T) {
	one := func(name string, task fake) *scenario.Scenario { return story(name, list(newStep("a", task))) }
	leaves := changes("broken", "web", passes)
	tests := []struct {
		name    string
		change  func(*Options)
		stories []*scenario.Scenario
		code    int
		verdict step.Verdict
	}{
		{"passed", nil, []*scenario.Scenario{one("x", passes), one("y", passes)}, 0, step.Passed},
		{"skipped", nil, []*scenario.Scenario{one("x", declines)}, 0, step.Skipped},
		{"failed", nil, []*scenario.Scenario{one("x", passes), one("y", fails)}, 1, step.Failed},
		{"errored", nil, []*scenario.Scenario{one("x", breaks), one("y", passes)}, 2, step.Errored},
		{"failed before errored", nil, []*scenario.Scenario{one("x", breaks), one("y", fails)}, 1, step.Failed},
		{"inconclusive", nil, []*scenario.Scenario{one("x", doubts), one("y", passes)}, 5, step.Inconclusive},
		{"errored before inconclusive", nil, []*scenario.Scenario{one("x", doubts), one("y", breaks)}, 2, step.Errored},
		{"left", nil, []*scenario.Scenario{one("x", leaves)}, 4, step.Passed},
		{"left before inconclusive", nil, []*scenario.Scenario{one("x", leaves), one("y", doubts)}, 4, step.Inconclusive},
		{"failed before left", nil, []*scenario.Scenario{one("x", leaves), one("y", fails)}, 1, step.Failed},
		{"flaky", func(o *Options) { o.Retries = 1 }, []*scenario.Scenario{one("x", failsTimes(1, step.Fail("no")))}, 0, step.Flaky},
		{
			"flaky counts on request", func(o *Options) { o.Retries, o.FailOnFlaky = 1, true },
			[]*scenario.Scenario{one("x", failsTimes(1, step.Fail("no")))},
			1, step.Failed,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			inTime(t, func(t *testing.T, b *bench) {
				if test.change != nil {
					test.change(&b.options)
				}
				out := b.run(t.Context(), test.stories...)
				if out.ExitCode != test.code || out.Verdict != test.verdict {
					t.Errorf("exit code %d and %s, want %d and %s", out.ExitCode, out.Verdict, test.code, test.verdict)
				}
			})
		})
	}
}

func TestWorstStepDecidesTheScenario(t *testing.T) {
	tests := []struct {
		tasks []fake
		want  string
	}{
		{[]fake{doubts, breaks, fails, fails}, "0s scenario.finished x failed cause=c | c: the answer is 41"},
		{[]fake{doubts, breaks, passes, breaks}, "0s scenario.finished x errored cause=b | b: connection refused"},
		{[]fake{passes, doubts, declines}, "0s scenario.finished x inconclusive cause=b | b: nothing was hit"},
		{[]fake{func(context.Context, *step.Run) (map[string]any, error) {
			return nil, &step.Failure{Message: "no verdict was given"}
		}}, "0s scenario.finished x errored cause=a | a: no verdict was given"},
		{nil, "0s scenario.finished x skipped | it has no steps"},
	}
	for _, test := range tests {
		inTime(t, func(t *testing.T, b *bench) {
			var steps []*scenario.Step
			for i, task := range test.tasks {
				steps = append(steps, newStep(string(rune('a'+i)), task))
			}
			b.run(t.Context(), story("x", together(steps...)))
			expect(t, "scenario", b.journal.lines(journal.ScenarioFinished), test.want)
		})
	}
}

func TestScenariosRunInParallel(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		b.options.Parallel = 2
		b.run(t.Context(), story("a", list(newStep("s", takes(3*time.Second)))), story("b", list(newStep("s", takes(time.Second)))),
			story("c", list(newStep("s", takes(time.Second)))), story("d", list(newStep("s", takes(time.Second)))))
		lines := b.journal.lines(journal.ScenarioStarted)
		sorted(lines[:2])
		expect(t, "starts", lines, "0s scenario.started a", "0s scenario.started b", "1s scenario.started c", "2s scenario.started d")
		if got := b.journal.events[0].Run.Parallel; got != 2 {
			t.Errorf("the journal says parallel %d", got)
		}
	})
}

func TestFailFast(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		b.options.Parallel, b.options.FailFast = 2, true
		out := b.run(t.Context(), story("bad", list(newStep("a", takes(time.Second)), newStep("b", doubts))),
			story("long", list(newStep("a", takes(time.Minute)))), story("c", list(newStep("a", passes))), story("d", list(newStep("a", passes))))
		expect(t, "scenarios", b.journal.lines(journal.ScenarioFinished, journal.RunInterrupted),
			"1s scenario.finished bad inconclusive cause=b | b: nothing was hit",
			"1s run.interrupted | --fail-fast: bad was inconclusive",
			"1s scenario.finished c skipped | --fail-fast: bad was inconclusive",
			"1s scenario.finished d skipped | --fail-fast: bad was inconclusive",
			"1m scenario.finished long passed",
		)
		if out.ExitCode != ExitInconclusive || out.Counts[step.Skipped] != 2 || out.Scenarios[2].Message != "--fail-fast: bad was inconclusive" {
			t.Errorf("outcome is %+v", out)
		}
	})
}

func TestRetriesOfAScenario(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		b.options.Retries = 2
		out := b.run(t.Context(),
			story("shop", list(newStep("a", changes("slow", "web", failsTimes(1, step.Fail("no answer")))))),
			story("hopeless", list(newStep("a", fails))))
		expect(t, "scenarios", b.journal.lines(journal.ScenarioFinished),
			"0s scenario.finished shop failed cause=a | a: no answer",
			"0s scenario.finished shop flaky | passed on attempt 2; attempt 1 failed: a: no answer",
			"0s scenario.finished hopeless failed cause=a | a: the answer is 41",
			"0s scenario.finished hopeless failed cause=a | a: the answer is 41",
			"0s scenario.finished hopeless failed cause=a | a: the answer is 41",
		)
		var ids []string
		for _, e := range b.journal.events {
			if e.Kind == journal.ScenarioStarted {
				ids = append(ids, e.Start.ID)
			}
		}
		expect(t, "ids", ids, "sr-shop-abcde0", "sr-shop-abcde0-2", "sr-hopeless-abcde1", "sr-hopeless-abcde1-2", "sr-hopeless-abcde1-3")
		if out.Scenarios[0].Attempts != 2 || out.Scenarios[1].Attempts != 3 || out.Counts[step.Flaky] != 1 {
			t.Errorf("outcome is %+v", out)
		}
	})
}

func TestJournalOpensWithWhatIsRun(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		b.options.Info = journal.RunInfo{Version: "v1", Arguments: []string{"run", "x"}, Process: 7, Simulated: "nodes"}
		s := story("x", list(newStep("a", passes)), newStep("f", passes))
		s.File = &source.File{Name: "shop/x.scenario.yaml"}
		s.Description, s.Namespace, s.Labels = "a story", "shop", map[string]string{"area": "shop"}
		b.run(t.Context(), s)
		info := b.journal.events[0].Run
		if info.ID != "r-01abcde" || info.Version != "v1" || info.Scenarios != 1 || info.Parallel != 1 || info.Simulated != "nodes" {
			t.Errorf("run is %+v", info)
		}
		start := b.journal.one(t, journal.ScenarioStarted, "x").Start
		if start.File != "shop/x.scenario.yaml" || start.Namespace != "shop" || start.Steps != 2 || start.Description != "a story" || start.Labels["area"] != "shop" {
			t.Errorf("scenario is %+v", start)
		}
		if took := b.journal.one(t, journal.ScenarioFinished, "x").Attempt; took != 1 {
			t.Errorf("attempt is %d", took)
		}
	})
}

func TestJournalThatCannotBeWrittenEndsTheRun(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		b.journal.fail = func(e journal.Event) error {
			if e.Kind == journal.StepProgress {
				return errors.New("no space left on device")
			}
			return nil
		}
		wait := newStep("wait", takes(time.Hour))
		out, err := Run(t.Context(), []*scenario.Scenario{story("x", list(newStep("a", changes("quick", "web", passes)), wait)), story("y", list(newStep("a", passes)))}, b.options)
		if err == nil || err.Error() != "the journal can't be written: no space left on device" {
			t.Errorf("error is %v", err)
		}
		expect(t, "results", b.journal.lines(journal.StepFinished),
			"0s step.finished a passed",
			"0s step.finished wait skipped | the journal can't be written: no space left on device")
		expect(t, "undone", b.desk.done, "start web")
		if out.Verdict != step.Errored || out.ExitCode == 0 || out.Took > time.Minute {
			t.Errorf("outcome is %+v", out)
		}
	})
}

func TestNothingIsChangedWithoutALedger(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		b.journal.fail = func(e journal.Event) error {
			if e.Kind == journal.UndoRecorded {
				return errors.New("no space left on device")
			}
			return nil
		}
		changed := false
		change := changes("quick", "web", func(context.Context, *step.Run) (map[string]any, error) {
			changed = true
			return nil, nil
		})
		_, err := Run(t.Context(), []*scenario.Scenario{story("x", list(newStep("a", change)))}, b.options)
		if err == nil || changed {
			t.Errorf("error is %v, changed is %v", err, changed)
		}
		expect(t, "undone", b.desk.done)
	})
}

func TestScenarioIDs(t *testing.T) {
	tests := []struct {
		name, run      string
		index, attempt int
		want           string
	}{
		{"memory-pressure-is-remediated", "r-20261124-ab12c", 0, 1, "sr-memory-pressure-is-remediated-ab12c0"},
		{"Größe & Umlaute!", "x9", 35, 1, "sr-gr-e-umlaute-x9z"},
		{"a name that is far longer than anything that fits", "01-2-3456", 36, 2, "sr-a-name-that-is-far-longer-than-2345610-2"},
		{"***", "abcde", 1, 1, "sr-scenario-abcde1"},
	}
	for _, test := range tests {
		got := scenarioID(test.name, test.run, test.index, test.attempt)
		if got != test.want {
			t.Errorf("scenarioID(%q) = %q, want %q", test.name, got, test.want)
		}
		if len(got) > 50 || strings.Contains(got, "--") {
			t.Errorf("%q is no good name", got)
		}
	}
}
