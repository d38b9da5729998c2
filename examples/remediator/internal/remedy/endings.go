package remedy

import (
	"context"
	"errors"
	"maps"
	"sync"
	"time"

	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/alert"
)

// remembered is how long an ending is kept: messages are not overtaken by more than that.
const remembered = 10 * time.Minute

// errOver withdraws an alert whose turn has not come yet.
var errOver = errors.New("the alert was over before anything was done")

// endings knows which alerts are over, and withdraws those that still wait.
type endings struct {
	mu    sync.Mutex
	over  map[string]ending
	waits map[string]context.CancelCauseFunc // by fingerprint
}

// ending is the end of an alert.
type ending struct {
	at, heard time.Time
}

// newEndings returns endings that know of nothing.
func newEndings() *endings {
	return &endings{over: map[string]ending{}, waits: map[string]context.CancelCauseFunc{}}
}

// note remembers that an alert is over, and withdraws it when it still waits.
func (e *endings) note(a alert.Alert) {
	e.mu.Lock()
	defer e.mu.Unlock()
	now := time.Now()
	maps.DeleteFunc(e.over, func(_ string, end ending) bool { return now.Sub(end.heard) > remembered })
	e.over[a.Fingerprint] = ending{at: a.EndsAt, heard: now}
	if cancel := e.waits[a.Fingerprint]; cancel != nil {
		cancel(errOver)
		delete(e.waits, a.Fingerprint)
	}
}

// overtaken reports whether a message about the start of an alert comes after that about its end.
func (e *endings) overtaken(a alert.Alert) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	end, found := e.over[a.Fingerprint]
	return found && !a.StartsAt.IsZero() && a.StartsAt.Before(end.at)
}

// waiting returns the context of an alert that waits for its turn; it ends when the alert is over.
func (e *endings) waiting(ctx context.Context, fingerprint string) context.Context {
	e.mu.Lock()
	defer e.mu.Unlock()
	ctx, cancel := context.WithCancelCause(ctx)
	e.waits[fingerprint] = cancel
	return ctx
}

// begin ends the wait and reports whether the alert is still there. From then on it can't be withdrawn.
func (e *endings) begin(ctx context.Context, fingerprint string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if ctx.Err() != nil {
		return false
	}
	if cancel := e.waits[fingerprint]; cancel != nil {
		// The action goes on with the context of its own; this one only holds memory.
		cancel(nil)
		delete(e.waits, fingerprint)
	}
	return true
}
