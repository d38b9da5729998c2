package run

import (
	"context"
	"testing"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/journal"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

func TestInterrupt(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		time.AfterFunc(5*time.Second, cancel)
		out := b.run(ctx,
			story("x", list(newStep("deploy", changes("slow", "web", passes)), newStep("wait", takes(time.Hour)), newStep("check", passes, always)),
				newStep("capture", takes(2*time.Second))),
			story("y", list(newStep("a", passes))))
		lines := b.journal.lines(
			journal.StepFinished, journal.ScenarioFinished, journal.ScenarioCleaned, journal.RunInterrupted, journal.RunFinished, journal.UndoFinished)
		sorted(lines[1:5]) // the run and the scenario learn of it at the same time
		expect(t, "journal", lines,
			"0s step.finished deploy passed",
			"5s run.interrupted | interrupted",
			"5s scenario.finished y skipped | interrupted",
			"5s step.finished check skipped | interrupted",
			"5s step.finished wait skipped | interrupted",
			"7s step.finished capture passed",
			"7s scenario.finished x errored | interrupted",
			"37s undo.finished deploy #1 delete web",
			"37s scenario.cleaned x passed",
			"37s run.finished errored exit=130",
		)
		expect(t, "undone", b.desk.done, "start web", "gone web")
		if out.ExitCode != ExitInterrupted || out.Verdict != step.Errored || out.Left != nil {
			t.Errorf("outcome is %+v", out)
		}
	})
}

func TestInterruptAfterAFailureStaysFailed(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		out := b.run(ctx, story("x", together(newStep("a", fails), newStep("b", takes(time.Hour)))))
		expect(t, "results", b.journal.results(),
			"0s step.finished a failed | the answer is 41",
			"1s step.finished b skipped | interrupted",
			"1s scenario.finished x failed cause=a | a: the answer is 41",
		)
		if out.ExitCode != ExitInterrupted || out.Verdict != step.Failed {
			t.Errorf("outcome is %+v", out)
		}
	})
}

func TestInterruptBeforeTheStart(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		out := b.run(ctx, story("x", list(newStep("a", passes))))
		expect(t, "results", b.journal.results(), "0s scenario.finished x skipped | interrupted")
		if out.ExitCode != ExitInterrupted {
			t.Errorf("exit code is %d", out.ExitCode)
		}
	})
}

func TestSecondSignal(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		abort := make(chan struct{})
		b.options.Abort = abort
		time.AfterFunc(5*time.Second, cancel)
		time.AfterFunc(8*time.Second, func() { close(abort) })
		out := b.run(ctx,
			story("x", list(newStep("deploy", changes("stuck", "web", changes("quick", "rule", passes))), newStep("wait", takes(time.Hour)))))
		expect(t, "left", out.Left, "delete web: the clean-up was stopped")
		expect(t, "end", b.journal.lines(journal.RunInterrupted, journal.RunFinished),
			"5s run.interrupted | interrupted",
			"8s run.interrupted | the clean-up was stopped",
			`8s run.finished errored exit=130 left=["delete web: the clean-up was stopped"]`,
		)
		if out.ExitCode != ExitInterrupted {
			t.Errorf("exit code is %d", out.ExitCode)
		}
	})
}

func TestSecondSignalDuringFinally(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		abort, release := make(chan struct{}), make(chan struct{})
		defer close(release)
		b.options.Abort = abort
		time.AfterFunc(5*time.Second, cancel)
		time.AfterFunc(8*time.Second, func() { close(abort) })
		deaf := func(context.Context, *step.Run) (map[string]any, error) {
			<-release
			return nil, nil
		}
		out := b.run(ctx, story("x", list(newStep("deploy", changes("quick", "web", passes)), newStep("wait", takes(time.Hour))),
			newStep("deaf", deaf), newStep("capture", passes)))
		expect(t, "undone", b.desk.done)
		expect(t, "left", out.Left, "delete web: the clean-up was stopped")
		expect(t, "results", b.journal.results()[2:],
			"9s step.finished deaf errored | step deaf (fake) did not stop within 1s after it was told to, and was left alone; it may still be running",
			"9s step.finished capture skipped | the clean-up was stopped",
			"9s scenario.finished x errored | interrupted",
		)
	})
}

func TestGlobalTimeout(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		b.options.GlobalTimeout = time.Minute
		explained := untilStopped(func(context.Context) error { return step.Fail("web has 2 of 3 replicas").With("ready", 2) })
		out := b.run(t.Context(),
			story("x", together(newStep("wait", takes(time.Hour)), newStep("web", changes("quick", "web", explained))), newStep("f", passes)),
			story("y", list(newStep("a", passes))))
		expect(t, "results", sorted(b.journal.results()),
			"1m scenario.finished x failed cause=wait | the run's time limit of 1m is over",
			"1m scenario.finished y skipped | the run's time limit of 1m is over",
			"1m step.finished f passed",
			"1m step.finished wait failed | the run's time limit of 1m is over; last seen: working",
			"1m step.finished web failed | the run's time limit of 1m is over; web has 2 of 3 replicas",
		)
		expect(t, "interrupted", b.journal.lines(journal.RunInterrupted), "1m run.interrupted | the run's time limit of 1m is over")
		expect(t, "undone", b.desk.done, "start web")
		if facts := b.journal.one(t, journal.StepFinished, "web").Result.Facts; len(facts) != 1 {
			t.Errorf("facts are %v", facts)
		}
		if out.ExitCode != ExitFailed || out.Verdict != step.Failed {
			t.Errorf("outcome is %+v", out)
		}
	})
}

func TestScenarioThatIsNotStartedInTimeIsNotGreen(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		b.options.GlobalTimeout = time.Minute
		onTime := untilStopped(func(context.Context) error { return nil })
		out := b.run(t.Context(), story("x", list(newStep("a", onTime))), story("y", list(newStep("a", passes))))
		if out.Counts[step.Passed] != 1 || out.Counts[step.Skipped] != 1 || out.ExitCode != ExitFailed || out.Verdict != step.Failed {
			t.Errorf("outcome is %+v", out)
		}
	})
}

func TestMaxDuration(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		s := story("x", list(newStep("a", takes(time.Hour), continueOnError), newStep("b", passes)), newStep("f", passes))
		s.MaxDuration = 10 * time.Minute
		b.run(t.Context(), s)
		expect(t, "results", b.journal.results(),
			"10m step.finished a failed | the scenario took longer than its safety.maxDuration of 10m; last seen: working",
			"10m step.finished b skipped cause=a | skipped because of a",
			"10m step.finished f passed",
			"10m scenario.finished x failed cause=a | took longer than its safety.maxDuration of 10m",
		)
	})
}
