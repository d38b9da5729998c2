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
	message := fmt.Sprintf("service %s of step %s ended: %v", one.name, one.step, err)
	r := &journal.Result{Verdict: step.Errored, Message: message, Cause: one.step}
	if f, ok := errors.AsType[*step.Failure](err); ok {
		r.Facts, r.Sections = f.Facts, f.Sections
	}
	s.run.emit(journal.Event{Kind: journal.Logged, Scenario: s.scenario, Step: one.step, Message: message})
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failure != nil {
		return
	}
	s.failure = r
	if s.end != nil {
		s.end(&stop{
			verdict: step.Skipped, message: "cancelled: " + message, root: one.step,
			scenario: step.Errored, scenarioReason: message,
		})
	}
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
