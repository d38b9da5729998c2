package run

import (
	"cmp"
	"context"
	"sync"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/journal"
	"github.com/scenario-runner/scenario-runner/engine/scenario"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

// execution is one attempt at one scenario. Its methods are called by the scenario's goroutine, which owns it; what
// workers touch (ledger, services) guards itself.
type execution struct {
	run      *runner
	scenario *scenario.Scenario
	attempt  int
	info     step.Scenario
	frame    *frame // of the scenario's own steps
	ledger   *ledger
	services *services
	claim    *claim // of what the scenario needs for itself; nil when that is nothing
	blocker  string // what the claim had to wait for
	kept     kept   // what other runs are kept off

	inbox chan message  // from workers
	over  chan struct{} // closed when nobody reads inbox any more

	endSteps context.CancelCauseFunc // ends the main steps
	aborted  bool                    // a step said that going on would do harm
	workers  sync.WaitGroup
}

// message is what a worker tells the scenario's goroutine.
type message interface{ apply(*execution) }

// send hands m to the scenario's goroutine; false means that the scenario is over.
func (x *execution) send(m message) bool {
	select {
	case x.inbox <- m:
		return true
	case <-x.over:
		return false
	}
}

func newExecution(r *runner, s *scenario.Scenario, index, attempt int) *execution {
	x := &execution{
		run: r, scenario: s, attempt: attempt,
		inbox: make(chan message),
		over:  make(chan struct{}),
	}
	x.info = step.Scenario{
		RunID: r.options.RunID, ID: scenarioID(s.Name, r.options.RunID, index, attempt), Name: s.Name,
		Dir: folder(s), Namespace: s.Namespace, Labels: s.Labels, Safety: s.Safety,
	}
	if x.info.Namespace == "" {
		x.info.Namespace, x.info.Owned = x.info.ID, true
	}
	x.ledger = &ledger{run: r, scenario: s.Key}
	x.services = &services{run: r, scenario: s.Key}
	return x
}

// perform runs the scenario up to its verdict, which it reports, and returns it. What is left to do for the clean-up
// comes back as a function that waits for it and returns what could not be taken back.
func (x *execution) perform(ctx context.Context) (journal.Result, func() []string) {
	x.run.emitStart(x)
	locked := x.lock(ctx)
	start := time.Now()
	r := x.judged(ctx, locked)
	wait := x.cleanUp()
	r.Took = time.Since(start)
	r.Attempts = x.attempt
	return r, wait
}

// judged runs both blocks and stops the services. Nothing runs when the scenario did not get its locks.
func (x *execution) judged(ctx context.Context, locked error) journal.Result {
	base, err := x.baseScope()
	if err = cmp.Or(locked, err); err != nil {
		close(x.over)
		return journal.Result{Verdict: step.Errored, Message: err.Error()}
	}
	x.frame = newFrame(base)
	return x.conclude(x.runSteps(ctx))
}

// conclude takes faults back after an abort, runs the finally block after the main steps, stops the services and judges all of it.
func (x *execution) conclude(main *block) journal.Result {
	x.mend()
	final := x.runFinally()
	close(x.over)
	x.workers.Wait()
	x.services.stopAll()
	r := main.judge()
	if failed := x.services.result(); failed != nil && r.Verdict != step.Failed {
		r = *failed
	}
	return worse(r, final.judge())
}

// runSteps runs the main steps.
func (x *execution) runSteps(ctx context.Context) *block {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	x.services.onError(cancel)
	x.endSteps = cancel
	if limit := x.scenario.MaxDuration; limit > 0 {
		bounded, release := context.WithTimeoutCause(ctx, limit, scenarioTimeout(limit))
		defer release()
		ctx = bounded
	}
	b := newBlock(ctx, x.frame, "", &x.scenario.Steps)
	b.cluster = x.scenario.Home()
	x.drive(b)
	return b
}

// runFinally runs the finally block, which neither a failure nor an interrupt keeps from running.
func (x *execution) runFinally() *block {
	limit := x.run.options.CleanupTimeout
	ctx, cancel := context.WithTimeoutCause(x.run.cleanup, limit, cleanupTimeout("the finally block", limit))
	defer cancel()
	b := newBlock(ctx, x.frame, "", &x.scenario.Finally)
	b.cluster = x.scenario.Home()
	b.final = true
	x.drive(b)
	return b
}

// drive schedules b until all of its steps have finished.
func (x *execution) drive(b *block) {
	x.advance(b)
	for b.open > 0 {
		(<-x.inbox).apply(x)
	}
}

// worse returns a unless it is green and b is not.
func worse(a, b journal.Result) journal.Result {
	if holds(a.Verdict) && !holds(b.Verdict) {
		return b
	}
	return a
}

// event starts an event of this scenario.
func (x *execution) event(kind journal.Kind) journal.Event {
	return journal.Event{Kind: kind, Scenario: x.scenario.Key}
}

func (x *execution) stepEvent(kind journal.Kind, n *node) journal.Event {
	e := x.event(kind)
	e.Step = n.id
	return e
}

// label names the scenario in the messages about a run.
func label(s *scenario.Scenario) string {
	if s.Name != "" {
		return s.Name
	}
	return s.Key
}
