package run

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/step"
)

// stop is why work is ended from outside. It is the cause of the cancelled context, so that a step, the steps inside it
// and the scenario can each be told the right story.
type stop struct {
	verdict step.Verdict // of the steps that it ends
	message string
	root    string // id of the step to blame, "" when none is
	timeout string // id of the step whose own timeout this is

	// Set when the whole scenario ends by it.
	scenario       step.Verdict
	scenarioReason string
}

// Error returns the message.
func (s *stop) Error() string { return s.message }

// stopOf returns why ctx is done, nil while it is not. A context that the caller cancelled means an interrupt.
func stopOf(ctx context.Context) *stop {
	if ctx.Err() == nil {
		return nil
	}
	if s, ok := errors.AsType[*stop](context.Cause(ctx)); ok {
		return s
	}
	return &stop{verdict: step.Skipped, message: "interrupted", scenario: step.Errored, scenarioReason: "interrupted"}
}

func stepTimeout(id string, limit time.Duration) *stop {
	return &stop{verdict: step.Failed, message: "timed out after " + length(limit), timeout: id}
}

func scenarioTimeout(limit time.Duration) *stop {
	reason := fmt.Sprintf("took longer than its safety.maxDuration of %s", length(limit))
	return &stop{verdict: step.Failed, message: "the scenario " + reason, scenario: step.Failed, scenarioReason: reason}
}

func runTimeout(limit time.Duration) *stop {
	reason := fmt.Sprintf("the run's time limit of %s is over", length(limit))
	return &stop{verdict: step.Failed, message: reason, scenario: step.Failed, scenarioReason: reason}
}

func cleanupTimeout(what string, limit time.Duration) *stop {
	return &stop{verdict: step.Failed, message: fmt.Sprintf("%s took longer than %s", what, length(limit))}
}

func aborted() *stop {
	const reason = "the clean-up was stopped"
	return &stop{verdict: step.Skipped, message: reason, scenario: step.Errored, scenarioReason: reason}
}

func journalBroken(err error) *stop {
	reason := fmt.Sprintf("the journal can't be written: %v", err)
	return &stop{verdict: step.Skipped, message: reason, scenario: step.Errored, scenarioReason: reason}
}

// halted is the error of a step that was ended by a stop.
type halted struct {
	failure *step.Failure
	stop    *stop
}

// Error returns the message of the failure.
func (h *halted) Error() string { return h.failure.Error() }

// Unwrap returns the failure.
func (h *halted) Unwrap() error { return h.failure }

// ended turns the error of a step whose context is done into what the reader must know: that it ran out of time, or
// that others ended it. What the step itself found out at its timeout is worth more, so its own Failure is kept.
func ended(ctx context.Context, id, lastSeen string, err error) error {
	s := stopOf(ctx)
	if s == nil || err == nil {
		return err
	}
	if _, left := errors.AsType[*abandoned](err); left {
		return err
	}
	own, explained := errors.AsType[*step.Failure](err)
	nested, container := errors.AsType[*nestedFailure](err)
	if s.timeout != "" && explained && !container {
		return err
	}
	f := &step.Failure{Verdict: s.verdict, Message: s.message}
	if s.timeout != "" && s.timeout != id {
		f.Message = fmt.Sprintf("the step around it, %s, %s", s.timeout, s.message)
	}
	switch {
	case s.verdict == step.Skipped:
		return &halted{failure: f, stop: s}
	case container:
		f.Message += "; it was running " + nested.id
	case explained:
		f.Message += "; " + err.Error()
		f.Facts, f.Sections = own.Facts, own.Sections
	case lastSeen != "":
		f.Message += "; last seen: " + lastSeen
	}
	if !explained && !contextual(err) && err.Error() != s.Error() { // a step may return the cause of its context
		f.Cause = err
	}
	return &halted{failure: f, stop: s}
}

// contextual reports whether err only says that a context is done.
func contextual(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

func undoTimeout(limit time.Duration) *stop {
	return &stop{verdict: step.Failed, message: "timed out after " + length(limit)}
}
