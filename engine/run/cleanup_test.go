package run

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/journal"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

func TestFinallyRunsAfterAFailure(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		first := newStep("first", breaks)
		b.run(t.Context(), story("shop", list(newStep("a", fails)),
			first, newStep("second", takes(time.Second)), newStep("third", passes, needs(first))))
		expect(t, "results", b.journal.results(),
			"0s step.finished a failed | the answer is 41",
			"0s step.finished first errored | connection refused",
			"0s step.finished third skipped cause=first | skipped because of first",
			"1s step.finished second passed",
			"1s scenario.finished shop failed cause=a | a: the answer is 41",
		)
		if phase := b.journal.one(t, journal.StepFinished, "second").StepInfo.Phase; phase != "finally" {
			t.Errorf("phase is %q", phase)
		}
	})
}

func TestFinallyCountsWhenTheStepsPassed(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		b.options.CleanupTimeout = time.Minute
		out := b.run(t.Context(),
			story("broken", list(newStep("a", passes)), newStep("f", breaks)),
			story("slow", list(newStep("a", passes)), newStep("f", takes(time.Hour))),
			story("main", list(newStep("a", breaks)), newStep("f", fails)))
		expect(t, "scenarios", b.journal.lines(journal.ScenarioFinished),
			"0s scenario.finished broken errored cause=f | f: connection refused",
			"1m scenario.finished slow failed cause=f | f: the finally block took longer than 1m; last seen: working",
			"1m scenario.finished main errored cause=a | a: connection refused",
		)
		if out.ExitCode != ExitFailed {
			t.Errorf("exit code is %d", out.ExitCode)
		}
	})
}

func TestFinallySeesTheStepsOfTheStory(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		var seen string
		b.run(t.Context(), story("shop", list(newStep("a", fails), newStep("b", passes)),
			newStep("f", func(_ context.Context, run *step.Run) (map[string]any, error) {
				seen = stepsSeen(run)
				return nil, nil
			})))
		if seen != "a b" {
			t.Errorf("finally sees %q", seen)
		}
	})
}

func TestUndoLastInFirstOut(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		out := b.run(t.Context(), story("shop", list(
			newStep("a", changes("slow", "namespace", passes)),
			newStep("b", changes("quick", "taint", changes("broken", "silence", passes))),
			newStep("c", changes("quick", "rule", fails)))))
		expect(t, "undone", b.desk.done, "start rule", "start silence", "start taint", "start namespace", "gone namespace")
		expect(t, "journal", b.journal.lines(journal.UndoRecorded, journal.UndoFinished, journal.UndoFailed, journal.ScenarioFinished, journal.ScenarioCleaned, journal.RunFinished)[:6],
			"0s undo.recorded a #1 delete namespace",
			"0s undo.recorded b #2 delete taint",
			"0s undo.recorded b #3 delete silence",
			"0s undo.recorded c #4 delete rule",
			"0s undo.failed b #3 delete silence | forbidden",
			"0s scenario.finished shop failed cause=c | c: the answer is 41",
		)
		expect(t, "end", b.journal.lines(journal.ScenarioCleaned, journal.RunFinished),
			`30s scenario.cleaned shop errored left=["delete silence: forbidden"]`,
			`30s run.finished failed exit=1 left=["delete silence: forbidden"]`,
		)
		expect(t, "left", out.Left, "delete silence: forbidden")
	})
}

func TestSomethingLeftBehindIsItsOwnExitCode(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		b.options.CleanupTimeout = 40 * time.Second
		out := b.run(t.Context(), story("shop", list(
			newStep("a", changes("stuck", "namespace", passes)),
			newStep("b", changes("panics", "x", changes("slow", "rule", passes))))))
		expect(t, "left", out.Left, "panics: panic: nil map", "delete namespace: timed out after 40s")
		if out.Verdict != step.Passed || out.ExitCode != ExitLeft || out.Took != 40*time.Second {
			t.Errorf("outcome is %+v", out)
		}
		expect(t, "undone", b.desk.done, "start rule", "start namespace", "gone rule")
	})
}

func TestLedgerRefusesWhatItDoesNotKnow(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		b.run(t.Context(), story("shop", list(
			newStep("a", changes("nope", "x", passes), continueOnError),
			newStep("b", func(ctx context.Context, run *step.Run) (map[string]any, error) {
				_, err := run.Record(ctx, "quick", func() {})
				return nil, err
			}))))
		expect(t, "steps", b.journal.lines(journal.StepFinished, journal.UndoRecorded),
			`0s step.finished a errored excused | no undo is called "nope"; known are broken, panics, quick, slow, stuck`,
			`0s step.finished b errored | undo quick: its data can't be written to the ledger: json: unsupported type: func()`,
		)
	})
}

// records runs f with an entry of the undo.
func records(undo string, f func(ctx context.Context, e step.Entry) error) fake {
	return func(ctx context.Context, run *step.Run) (map[string]any, error) {
		e, err := run.Record(ctx, undo, "fault")
		if err != nil {
			return nil, err
		}
		return nil, f(ctx, e)
	}
}

func TestUndoBeforeTheEnd(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		twice := func(ctx context.Context, e step.Entry) error {
			return errors.Join(e.Undo(ctx), e.Undo(ctx), e.Forget(ctx))
		}
		out := b.run(t.Context(), story("shop", list(
			newStep("hog", records("slow", twice)),
			newStep("bad", records("broken", func(ctx context.Context, e step.Entry) error { return e.Undo(ctx) })))))
		expect(t, "undone", b.desk.done, "start fault", "gone fault", "start fault", "start fault")
		expect(t, "journal", b.journal.lines(journal.UndoRecorded, journal.UndoFinished, journal.UndoFailed, journal.StepFinished),
			"0s undo.recorded hog #1 delete fault",
			"30s undo.finished hog #1 delete fault",
			"30s step.finished hog passed",
			"30s undo.recorded bad #2 delete fault",
			"30s undo.failed bad #2 delete fault | forbidden",
			"30s step.finished bad errored | delete fault: forbidden",
			"30s undo.failed bad #2 delete fault | forbidden",
		)
		expect(t, "left", out.Left, "delete fault: forbidden")
	})
}

func TestForget(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		out := b.run(t.Context(), story("shop", list(newStep("a",
			records("quick", func(ctx context.Context, e step.Entry) error { return errors.Join(e.Forget(ctx), e.Forget(ctx)) })))))
		expect(t, "journal", b.journal.lines(journal.UndoRecorded, journal.UndoFinished),
			"0s undo.recorded a #1 delete fault", "0s undo.finished a #1 delete fault forgotten")
		expect(t, "undone", b.desk.done)
		expect(t, "left", out.Left)
	})
}

func TestOnlyTheRecordHoldsTheData(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		b.run(t.Context(), story("shop", list(newStep("a", changes("quick", "web", passes)))))
		if data := string(b.journal.one(t, journal.UndoRecorded, "a").Undo.Data); data != `"web"` {
			t.Errorf("data is %s", data)
		}
		if data := b.journal.one(t, journal.UndoFinished, "a").Undo.Data; data != nil {
			t.Errorf("data is %s", data)
		}
	})
}

func TestKeep(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		b.options.Cleanup = CleanupKeep
		out := b.run(t.Context(), story("shop", list(newStep("a", changes("quick", "web", changes("slow", "ns", passes))))))
		expect(t, "left", out.Left, "delete ns", "delete web")
		expect(t, "undone", b.desk.done)
		if out.ExitCode != 0 || out.Verdict != step.Passed {
			t.Errorf("outcome is %+v", out)
		}
	})
}

func TestTheNextScenarioStartsWhileTheLastIsCleaned(t *testing.T) {
	one := func(name string) fake { return changes("slow", name, takes(10*time.Second)) }
	kinds := []journal.Kind{journal.ScenarioStarted, journal.ScenarioFinished, journal.ScenarioCleaned, journal.RunFinished}
	inTime(t, func(t *testing.T, b *bench) {
		b.run(t.Context(), story("x", list(newStep("a", one("x")))), story("y", list(newStep("a", one("y")))))
		expect(t, "in the background", b.journal.lines(kinds...),
			"0s scenario.started x",
			"10s scenario.finished x passed",
			"10s scenario.started y",
			"20s scenario.finished y passed",
			"40s scenario.cleaned x passed",
			"50s scenario.cleaned y passed",
			"50s run.finished passed",
		)
	})
	inTime(t, func(t *testing.T, b *bench) {
		b.options.Cleanup = CleanupWait
		b.run(t.Context(), story("x", list(newStep("a", one("x")))), story("y", list(newStep("a", one("y")))))
		expect(t, "waiting", b.journal.lines(kinds...),
			"0s scenario.started x",
			"10s scenario.finished x passed",
			"40s scenario.cleaned x passed",
			"40s scenario.started y",
			"50s scenario.finished y passed",
			"1m20s scenario.cleaned y passed",
			"1m20s run.finished passed",
		)
	})
}

func TestUndosDoNotWaitForEachOther(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		all := changes("slow", "a", changes("slow", "b", changes("slow", "c", passes)))
		out := b.run(t.Context(), story("shop", list(newStep("a", all))))
		if out.Took != 30*time.Second || out.Left != nil {
			t.Errorf("took %v, left %v", out.Took, out.Left)
		}
	})
}
