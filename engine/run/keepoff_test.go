package run

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/journal"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

// otherRuns is a locker beside which other runs hold something.
type otherRuns struct {
	bench *bench
	busy  map[string]time.Duration // how long a name is held by another run
	lost  map[string]time.Duration // how soon a lock with the name is lost
	fault error
}

// Lock waits as long as the name is held.
func (o *otherRuns) Lock(ctx context.Context, c step.Claim) (func(context.Context) error, error) {
	if o.fault != nil {
		return nil, o.fault
	}
	entry, err := c.Record(ctx, "quick", "lock of "+strings.Join(c.Names, ", "))
	if err != nil {
		return nil, err
	}
	if d := o.busy[c.Names[0]]; d > 0 {
		c.Waits("waits for lock " + c.Names[0] + " held by run 7 of ann@ci")
		if err := pauseFor(ctx, d); err != nil {
			return entry.Forget, err
		}
	}
	life, end := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if d := o.lost[c.Names[0]]; d > 0 && pauseFor(life, d) == nil {
			c.Lost("lease " + c.Names[0] + " was not renewed for 10s")
		}
	}()
	return func(ctx context.Context) error {
		end()
		<-ended
		return entry.Forget(ctx)
	}, nil
}

func pauseFor(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func TestScenariosWaitForOtherRuns(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		b.options.Locker = &otherRuns{bench: b, busy: map[string]time.Duration{"node/*": 5 * time.Second, "node/1": time.Second}}
		b.run(t.Context(),
			needing("a", list(newStep("a1", takes(time.Second))), "node/*"),
			story("b", list(newStep("b1", claims("node/1", passes)))),
		)
		expect(t, "waits", b.journal.lines(journal.ScenarioWaits, journal.StepProgress),
			"0s scenario.waits a | scenario a waits for lock node/* held by run 7 of ann@ci",
			"5s step.progress a1 | working",
			"6s step.progress b1 | waits for lock node/1 held by run 7 of ann@ci",
		)
	})
}

func TestLocksAreGivenBackWhenAllIsTakenBack(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		b.options.Locker = &otherRuns{bench: b}
		b.run(t.Context(), needing("a", list(newStep("a1", changes("slow", "x", passes))), "node/*"))
		expect(t, "ledger", b.journal.lines(journal.UndoRecorded, journal.UndoFinished),
			"0s undo.recorded a #1 delete lock of node/*",
			"0s undo.recorded a1 #2 delete x",
			"30s undo.finished a1 #2 delete x",
			"30s undo.finished a #1 delete lock of node/* forgotten",
		)
	})
}

func TestALostLockEndsTheScenarioAndTakesBack(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		b.options.Locker = &otherRuns{bench: b, lost: map[string]time.Duration{"node/*": 3 * time.Second}}
		outcome := b.run(t.Context(), needing("a", list(newStep("a1", changes("quick", "x", passes)), newStep("a2", takes(time.Hour)), newStep("a3", passes)), "node/*"))
		const why = "the locks of the scenario were lost: lease node/* was not renewed for 10s; others may work on the same things now"
		expect(t, "ends", b.journal.lines(journal.StepFinished, journal.ScenarioFinished, journal.UndoFinished),
			"0s step.finished a1 passed",
			"3s step.finished a2 skipped | cancelled: "+why,
			"3s step.finished a3 skipped | cancelled: "+why,
			"3s scenario.finished a errored | "+why,
			"3s undo.finished a1 #2 delete x",
			"3s undo.finished a #1 delete lock of node/* forgotten",
		)
		if outcome.ExitCode != ExitErrored {
			t.Errorf("exit code %d", outcome.ExitCode)
		}
	})
}

func TestNothingRunsWithoutItsLocks(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		b.options.Locker = &otherRuns{bench: b, fault: errors.New("the policy wants locks across runs")}
		b.run(t.Context(),
			needing("a", list(newStep("a1", passes)), "node/*"),
			story("b", list(newStep("b1", claims("node/1", passes)))),
		)
		expect(t, "ends", b.journal.lines(journal.StepFinished, journal.ScenarioFinished),
			"0s scenario.finished a errored | locks: the policy wants locks across runs",
			"0s step.finished b1 errored | the policy wants locks across runs",
			"0s scenario.finished b errored cause=b1 | b1: the policy wants locks across runs",
		)
	})
}
