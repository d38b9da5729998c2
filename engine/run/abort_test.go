package run

import (
	"context"
	"testing"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/journal"
	"github.com/scenario-runner/scenario-runner/engine/scenario"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

// harmful is a step that finds after d that going on would do harm.
func harmful(d time.Duration) fake {
	return func(ctx context.Context, _ *step.Run) (map[string]any, error) {
		if !pause(ctx, d) {
			return nil, ctx.Err()
		}
		return nil, &step.Failure{Verdict: step.Failed, Message: "the shop is down", Abort: true}
	}
}

func breaksThings(s *scenario.Step) { s.Breaks = true }

// TestAbortTakesFaultsBackFirst holds the order: steps are ended, then faults go, newest first, and only then the finally
// block runs. What was not broken on purpose is taken back at the end, as ever.
func TestAbortTakesFaultsBackFirst(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		out := b.run(t.Context(), story("shop", list(
			newStep("guard", harmful(10*time.Second), background),
			newStep("setup", changes("quick", "namespace", passes)),
			newStep("first", changes("quick", "taint", passes), breaksThings),
			newStep("second", changes("slow", "partition", changes("broken", "quota", takes(time.Hour))), breaksThings),
			newStep("last", passes),
		), newStep("look", takes(time.Second))))
		expect(t, "undone", b.desk.done, "start quota", "start partition", "start taint", "gone partition", "start quota", "start namespace")
		expect(t, "journal", b.journal.lines(journal.StepFinished, journal.UndoFinished, journal.UndoFailed, journal.ScenarioFinished),
			"0s step.finished setup passed",
			"0s step.finished first passed",
			"10s step.finished guard failed | the shop is down",
			"10s step.finished second skipped cause=guard | aborted because of guard",
			"10s step.finished last skipped cause=guard | skipped because of guard",
			"10s undo.failed second #4 delete quota | forbidden",
			"10s undo.finished first #2 delete taint",
			"40s undo.finished second #3 delete partition",
			"41s step.finished look passed",
			"41s undo.failed second #4 delete quota | forbidden",
			"41s scenario.finished shop failed cause=guard | guard: the shop is down",
			"41s undo.finished setup #1 delete namespace",
		)
		if out.ExitCode != ExitFailed {
			t.Errorf("exit code is %d", out.ExitCode)
		}
	})
}

// TestWithoutAbortFaultsStandWhileFinallyLooks holds that evidence of an ordinary failure is collected as things are.
func TestWithoutAbortFaultsStandWhileFinallyLooks(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		b.run(t.Context(), story("shop", list(newStep("fault", changes("quick", "taint", fails), breaksThings)), newStep("look", takes(time.Second))))
		expect(t, "journal", b.journal.lines(journal.StepFinished, journal.UndoFinished),
			"0s step.finished fault failed | the answer is 41",
			"1s step.finished look passed",
			"1s undo.finished fault #1 delete taint",
		)
	})
}

// TestAbortIsNotTriedAgain holds that a retry does not do the same harm once more.
func TestAbortIsNotTriedAgain(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		b.options.Retries = 3
		b.run(t.Context(), story("shop", list(newStep("guard", harmful(time.Second)))))
		expect(t, "scenarios", b.journal.lines(journal.ScenarioFinished), "1s scenario.finished shop failed cause=guard | guard: the shop is down")
	})
}

// TestAbortKeepsWhatIsToBeKept holds that --cleanup keep is meant for faults as well.
func TestAbortKeepsWhatIsToBeKept(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		b.options.Cleanup = CleanupKeep
		out := b.run(t.Context(), story("shop", list(
			newStep("fault", changes("quick", "taint", passes), breaksThings), newStep("guard", harmful(time.Second)))))
		if len(b.desk.done) > 0 || out.ExitCode != ExitFailed {
			t.Errorf("undone %v, exit code %d", b.desk.done, out.ExitCode)
		}
	})
}
