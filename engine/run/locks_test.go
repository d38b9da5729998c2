package run

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/journal"
	"github.com/scenario-runner/scenario-runner/engine/scenario"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

// needing is a story that needs something for itself.
func needing(name string, main scenario.Block, locks ...string) *scenario.Scenario {
	s := story(name, main)
	s.Locks = locks
	return s
}

// claims is a step that claims names and then does next.
func claims(name string, next fake) fake {
	return func(ctx context.Context, run *step.Run) (map[string]any, error) {
		if err := run.Host.Claim(ctx, name); err != nil {
			return nil, err
		}
		return next(ctx, run)
	}
}

func TestScenariosWaitForTheirLocks(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		b.options.Parallel = 4
		// The first one holds its lock until its slow undo is complete.
		b.run(t.Context(),
			needing("a", list(newStep("a1", changes("slow", "x", takes(10*time.Second)))), "node/*"),
			needing("b", list(newStep("b1", takes(5*time.Second))), "alert/Down", "node/worker-1"),
			needing("c", list(newStep("c1", takes(5*time.Second))), "alert/Down"),
			needing("d", list(newStep("d1", takes(time.Second))), "namespace/shop"),
		)
		expect(t, "waits", sorted(b.journal.lines(journal.ScenarioWaits)),
			"0s scenario.waits b | scenario b waits for lock node/worker-1 held by scenario a",
			"0s scenario.waits c | scenario c waits for lock alert/Down held by scenario b",
		)
		expect(t, "ends", b.journal.lines(journal.ScenarioFinished),
			"1s scenario.finished d passed", "10s scenario.finished a passed", "45s scenario.finished b passed", "50s scenario.finished c passed",
		)
	})
}

func TestLocksDoNotReportWhereNoneIsHeld(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		b.run(t.Context(),
			needing("a", list(newStep("a1", takes(time.Second))), "node/*"),
			needing("b", list(newStep("b1", takes(time.Second))), "node/*"),
		)
		expect(t, "waits", b.journal.lines(journal.ScenarioWaits))
	})
}

func TestClaimsOfStepsWaitAndNeverForEver(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		b.options.Parallel = 2
		outcome := b.run(t.Context(),
			story("a", list(newStep("a1", claims("node/1", takes(2*time.Second))), newStep("a2", claims("node/2", passes)))),
			story("b", list(newStep("b1", claims("node/2", takes(3*time.Second))), newStep("b2", claims("node/1", passes)))),
		)
		expect(t, "waits", sorted(b.journal.lines(journal.StepProgress)),
			"0s step.progress a1 | working", "0s step.progress b1 | working",
			"2s step.progress a2 | waits for lock node/2 held by scenario b",
		)
		expect(t, "ends", b.journal.lines(journal.ScenarioFinished),
			"3s scenario.finished b errored cause=b2 | b2: waiting for lock node/1 would never end: scenario a holds it and waits for what this one holds; name both under locks: in both scenarios, which are then taken together",
			"3s scenario.finished a passed",
		)
		if outcome.Counts[step.Passed] != 1 {
			t.Errorf("outcome is %v", outcome.Counts)
		}
	})
}

func TestAScenarioMayClaimWhatIsItsOwn(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		outcome := b.run(t.Context(), needing("a", list(newStep("a1", claims("node/1", passes)), newStep("a2", claims("node/*", passes))), "node/1"))
		if outcome.Verdict != step.Passed {
			t.Errorf("outcome is %+v", outcome)
		}
	})
}

func TestTheSetupKeepsNobodyFromAnything(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		b.options.Setup = needing("setup", list(newStep("s1", claims("node/1", passes))), "node/1")
		if outcome := b.run(t.Context(), needing("a", list(newStep("a1", passes)), "node/1")); outcome.Verdict != step.Passed {
			t.Errorf("outcome is %+v", outcome)
		}
	})
}

func TestAnInterruptEndsTheWaitForALock(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		b.options.Parallel = 2
		ctx, interrupt := context.WithCancel(t.Context())
		go func() {
			timer := time.NewTimer(time.Second)
			defer timer.Stop()
			<-timer.C
			interrupt()
		}()
		b.run(ctx,
			needing("a", list(newStep("a1", takes(time.Hour))), "x"),
			needing("b", list(newStep("b1", passes)), "x"),
		)
		synctest.Wait()
		expect(t, "ends", sorted(b.journal.lines(journal.ScenarioFinished)),
			"1s scenario.finished a errored | interrupted", "1s scenario.finished b errored | interrupted",
		)
	})
}
