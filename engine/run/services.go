package run

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/scenario-runner/scenario-runner/engine/journal"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

// services are what runs beside the steps of a scenario until it ends. The first one that fails ends the main steps:
// what they would find out has no meaning any more.
type services struct {
	run      *runner
	scenario string

	mu      sync.Mutex
	list    []*service
	closed  bool
	end     context.CancelCauseFunc // ends the main steps
	failure *journal.Result         // of the first that failed
}

type service struct {
	step, name string
	cancel     context.CancelFunc
	done       chan struct{}
}

// onError says how the main steps are ended.
func (s *services) onError(end context.CancelCauseFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.end = end
	s.stopSteps()
}

// start starts f. An interrupt does not end it, because the finally block may still need it.
func (s *services) start(ctx context.Context, stepID, name string, f func(context.Context) error) {
	ctx, cancel := context.WithCancel(ctx)
	one := &service{step: stepID, name: name, cancel: cancel, done: make(chan struct{})}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		cancel()
		return
	}
	s.list = append(s.list, one)
	go func() {
		defer close(one.done)
		defer cancel()
		err := supervisor{abort: s.run.options.Abort}.do(ctx, f)
		if err != nil && (ctx.Err() == nil || !contextual(err)) {
			s.failed(one, err)
		}
	}()
}

// failed keeps the first failure and ends the main steps.
func (s *services) failed(one *service, err error) {
	s.fail(one.step, fmt.Sprintf("service %s of step %s ended: %v", one.name, one.step, err), err)
}

// fail makes the scenario errored because of what happened beside its steps, and ends these.
func (s *services) fail(stepID, message string, err error) {
	r := &journal.Result{Verdict: step.Errored, Message: message, Cause: stepID}
	if f, ok := errors.AsType[*step.Failure](err); ok {
		r.Facts, r.Sections = f.Facts, f.Sections
	}
	s.run.emit(journal.Event{Kind: journal.Logged, Scenario: s.scenario, Step: stepID, Message: message})
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failure != nil {
		return
	}
	s.failure = r
	s.stopSteps()
}

// stopSteps ends the main steps when something failed and they have begun.
func (s *services) stopSteps() {
	if s.failure == nil || s.end == nil {
		return
	}
	s.end(&stop{
		verdict: step.Skipped, message: "cancelled: " + s.failure.Message, root: s.failure.Cause,
		scenario: step.Errored, scenarioReason: s.failure.Message,
	})
}

// stopAll ends every service, newest first, and waits for each before it ends the next: the later one may need the
// earlier one.
func (s *services) stopAll() {
	s.mu.Lock()
	s.closed = true
	list := s.list
	s.mu.Unlock()
	for _, one := range slices.Backward(list) {
		one.cancel()
		<-one.done
	}
}

// result returns how the first service that failed did so, nil when none did.
func (s *services) result() *journal.Result {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failure
}
