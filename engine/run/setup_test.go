package run

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/journal"
	"github.com/scenario-runner/scenario-runner/engine/scenario"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

// given makes a var of a text in which the outputs of a setup may be used.
func given(t *testing.T, name, text string) scenario.Var {
	t.Helper()
	compiled, problems := environment().With("setup", eval.MapOf(eval.AnyType)).CompileText(text)
	if len(problems) > 0 {
		t.Fatal(problems[0].Message)
	}
	return scenario.Var{Name: name, Value: eval.TextTree(compiled)}
}

// meshes is a step that starts a service and records an undo.
func meshes(b *bench, name string) fake {
	return changes("slow", name, func(_ context.Context, run *step.Run) (map[string]any, error) {
		run.Host.Service(name, func(ctx context.Context) error {
			<-ctx.Done()
			b.desk.note("%s ends", name)
			return nil
		})
		return map[string]any{"address": "127.0.0.1:8080"}, nil
	})
}

func TestSetupIsKeptUntilTheScenariosAreDone(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		b.options.Setup = story("setup", list(newStep("service", meshes(b, "mesh"))), newStep("tidy", func(context.Context, *step.Run) (map[string]any, error) {
			b.desk.note("setup tidies")
			return nil, nil
		}))
		look := func(_ context.Context, run *step.Run) (map[string]any, error) {
			vars, _ := run.Scope["vars"].(map[string]any)
			b.desk.note("%s uses %v", run.Scenario.Name, vars["target"])
			return nil, nil
		}
		one := story("one", list(newStep("a", changes("slow", "thing", look))))
		one.Vars = scenario.Vars{given(t, "target", "http://${{ setup.service.address }}/")}
		two := story("two", list(newStep("a", takes(time.Minute))))
		outcome := b.run(t.Context(), one, two)
		if outcome.ExitCode != 0 || len(outcome.Scenarios) != 2 || outcome.Counts[step.Passed] != 2 {
			t.Errorf("outcome %+v", outcome)
		}
		expect(t, "what happened", b.desk.done, "one uses http://127.0.0.1:8080/", "start thing", "gone thing", "setup tidies", "mesh ends", "start mesh", "gone mesh")
		expect(t, "scenarios", b.journal.lines(journal.ScenarioStarted, journal.ScenarioFinished, journal.ScenarioCleaned, journal.RunFinished),
			"0s scenario.started setup", "0s scenario.started one", "0s scenario.finished one passed", "0s scenario.started two",
			"30s scenario.cleaned one passed", "1m scenario.finished two passed", "1m scenario.cleaned two passed",
			"1m scenario.finished setup passed", "1m30s scenario.cleaned setup passed", "1m30s run.finished passed")
		if !b.journal.one(t, journal.ScenarioStarted, "setup").Start.Setup || b.journal.one(t, journal.ScenarioStarted, "one").Start.Setup {
			t.Error("the journal does not tell a setup from a scenario")
		}
	})
}

func TestScenariosAreSkippedWhenTheSetupDoesNotPass(t *testing.T) {
	for name, want := range map[string]struct {
		task fake
		code int
		line string
	}{
		"failed":       {fails, ExitFailed, "0s scenario.finished one skipped | the setup failed: a: the answer is 41"},
		"errored":      {breaks, ExitErrored, "0s scenario.finished one skipped | the setup errored: a: connection refused"},
		"inconclusive": {doubts, ExitInconclusive, "0s scenario.finished one skipped | the setup was inconclusive: a: nothing was hit"},
	} {
		t.Run(name, func(t *testing.T) {
			inTime(t, func(t *testing.T, b *bench) {
				b.options.Setup = story("setup", list(newStep("a", changes("quick", "thing", want.task))))
				b.options.Judge = func(Outcome) []journal.Threshold { return []journal.Threshold{{Name: "passRate", Holds: true}} }
				outcome := b.run(t.Context(), story("one", list(newStep("a", passes))))
				if outcome.ExitCode != want.code || string(outcome.Verdict) != name {
					t.Errorf("outcome %+v", outcome)
				}
				expect(t, "undone", b.desk.done, "start thing")
				expect(t, "scenarios", b.journal.lines(journal.ScenarioFinished)[:1], want.line)
			})
		})
	}
}

// TestServiceOfTheSetupThatDiesSpoilsTheRun ends a service while scenarios go on.
func TestServiceOfTheSetupThatDiesSpoilsTheRun(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		b.options.Setup = story("setup", list(newStep("service", func(_ context.Context, run *step.Run) (map[string]any, error) {
			run.Host.Service("mesh", func(ctx context.Context) error {
				pause(ctx, 10*time.Second)
				return step.Fail("it crashed")
			})
			return nil, nil
		})))
		outcome := b.run(t.Context(), story("one", list(newStep("a", takes(time.Minute)))))
		if outcome.Verdict != step.Errored || outcome.ExitCode != ExitErrored {
			t.Errorf("outcome %+v", outcome)
		}
		expect(t, "setup", b.journal.lines(journal.ScenarioFinished), "1m scenario.finished one passed",
			"1m scenario.finished setup errored cause=service | service mesh of step service ended: it crashed")
	})
}

func TestInterruptInTheSetupTakesItBack(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		b.options.Setup = story("setup", list(newStep("a", changes("quick", "thing", takes(time.Hour)))))
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			pause(ctx, time.Second)
			cancel()
		}()
		outcome := b.run(ctx, story("one", list(newStep("a", passes))))
		synctest.Wait()
		if outcome.ExitCode != ExitInterrupted {
			t.Errorf("outcome %+v", outcome)
		}
		expect(t, "undone", b.desk.done, "start thing")
	})
}

func TestRetriesOfOneScenario(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		b.options.Retries = 1
		b.options.RetriesOf = map[string]int{"none": 0, "many": 3}
		outcome := b.run(t.Context(), story("usual", list(newStep("a", fails))), story("none", list(newStep("a", fails))), story("many", list(newStep("a", fails))))
		var attempts []int
		for _, s := range outcome.Scenarios {
			attempts = append(attempts, s.Attempts)
		}
		if len(attempts) != 3 || attempts[0] != 2 || attempts[1] != 1 || attempts[2] != 4 {
			t.Errorf("attempts %v", attempts)
		}
	})
}

func TestThresholdsDecide(t *testing.T) {
	for _, test := range []struct {
		name    string
		task    fake
		undo    string
		holds   bool
		verdict step.Verdict
		code    int
	}{
		{"failures that are allowed", fails, "quick", true, step.Passed, 0},
		{"failures that are not", fails, "quick", false, step.Failed, ExitFailed},
		{"errors that are not", breaks, "quick", false, step.Errored, ExitErrored},
		{"green and too slow", passes, "quick", false, step.Failed, ExitFailed},
		{"all well but for what is left", passes, "broken", true, step.Passed, ExitLeft},
		{"too slow, and something is left", passes, "broken", false, step.Failed, ExitFailed},
	} {
		t.Run(test.name, func(t *testing.T) {
			inTime(t, func(t *testing.T, b *bench) {
				b.options.Judge = func(o Outcome) []journal.Threshold {
					if len(o.Scenarios) != 1 {
						t.Errorf("judged %+v", o)
					}
					return []journal.Threshold{{Name: "passRate", Holds: true}, {Name: "maxDuration", Holds: test.holds}}
				}
				outcome := b.run(t.Context(), story("one", list(newStep("a", changes(test.undo, "thing", test.task)))))
				if outcome.Verdict != test.verdict || outcome.ExitCode != test.code || len(outcome.Thresholds) != 2 {
					t.Errorf("outcome %+v", outcome)
				}
				b.journal.mu.Lock()
				defer b.journal.mu.Unlock()
				if last := b.journal.events[len(b.journal.events)-1]; len(last.Result.Thresholds) != 2 {
					t.Errorf("journal ends with %+v", last.Result)
				}
			})
		})
	}
}

// TestThresholdsDoNotSaveARunThatWasCutShort ends a run by its time limit.
func TestThresholdsDoNotSaveARunThatWasCutShort(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		b.options.GlobalTimeout = time.Second
		b.options.Judge = func(Outcome) []journal.Threshold { return []journal.Threshold{{Name: "passRate", Holds: true}} }
		outcome := b.run(t.Context(), story("one", list(newStep("a", takes(time.Minute)))), story("two", list(newStep("a", passes))))
		if outcome.Verdict != step.Failed || outcome.ExitCode != ExitFailed {
			t.Errorf("outcome %+v", outcome)
		}
	})
}
