package client

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// Policy says how patient a client is. Zero fields take the defaults.
type Policy struct {
	First          time.Duration // wait before the second attempt; 50 ms
	Max            time.Duration // longest wait between two attempts; 2 s
	GiveUp         time.Duration // time after which a transient error is an error; 2 min
	Doubtful       int           // attempts in all for a 500 without a known reason; 5
	AttemptTimeout time.Duration // time for one attempt; 30 s
	// Jitter returns a number in [0, 1); tests give a constant one.
	Jitter func() float64
}

func (p Policy) withDefaults() Policy {
	set := func(field *time.Duration, value time.Duration) {
		if *field == 0 {
			*field = value
		}
	}
	set(&p.First, 50*time.Millisecond)
	set(&p.Max, 2*time.Second)
	set(&p.GiveUp, 2*time.Minute)
	set(&p.AttemptTimeout, 30*time.Second)
	if p.Doubtful == 0 {
		p.Doubtful = 5
	}
	if p.Jitter == nil {
		p.Jitter = rand.Float64
	}
	return p
}

// final and again are what a function under Retry wraps its error in to overrule the policy.
type (
	final struct{ error }
	again struct{ error }
)

func (f final) Unwrap() error { return f.error }
func (a again) Unwrap() error { return a.error }

// Again marks err as worth another attempt whatever the policy says of its kind.
func Again(err error) error { return again{err} }

// Backoff counts the failures in a row and says how long to wait after each.
type Backoff struct {
	policy   Policy
	failures int
	since    time.Time
}

// NewBackoff returns a backoff without failures.
func NewBackoff(policy Policy) *Backoff { return &Backoff{policy: policy.withDefaults()} }

// Reset forgets the failures: something worked.
func (b *Backoff) Reset() { b.failures, b.since = 0, time.Time{} }

// Failures is how many failures there were in a row.
func (b *Backoff) Failures() int { return b.failures }

// Failed counts a failure and returns the time to wait: exponential with jitter, and never less than the server asked for.
func (b *Backoff) Failed(err error) time.Duration {
	if b.failures == 0 {
		b.since = time.Now()
	}
	wait := b.policy.First << min(b.failures, 20)
	if wait > b.policy.Max || wait <= 0 {
		wait = b.policy.Max
	}
	b.failures++
	wait = wait/2 + time.Duration(b.policy.Jitter()*float64(wait/2))
	return max(wait, RetryAfter(err))
}

// Exhausted reports whether err should not be tried again after the failures so far.
func (b *Backoff) Exhausted(err error) bool {
	var stop final
	var more again
	switch {
	case errors.As(err, &stop):
		return true
	case !errors.As(err, &more) && !Transient(err):
		return !doubtful(err) || b.failures >= b.policy.Doubtful-1
	}
	return b.failures > 0 && time.Since(b.since) >= b.policy.GiveUp
}

// Retry calls f until it succeeds, its error is not worth another attempt, patience is at its end or ctx is done.
func Retry[T any](ctx context.Context, policy Policy, f func() (T, error)) (T, error) {
	backoff := NewBackoff(policy)
	for {
		value, err := f()
		if err == nil {
			return value, nil
		}
		if ctx.Err() != nil {
			return value, ended(ctx, backoff, err)
		}
		if backoff.Exhausted(err) {
			return value, unmark(err)
		}
		if Wait(ctx, backoff.Failed(err)) != nil {
			return value, ended(ctx, backoff, err)
		}
	}
}

// ended joins the end of the caller's time with what was in its way.
func ended(ctx context.Context, backoff *Backoff, err error) error {
	if backoff.Failures() == 0 || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return context.Cause(ctx)
	}
	if Refused(err) {
		return &Silent{Ended: context.Cause(ctx), Attempts: backoff.Failures(), Last: unmark(err)}
	}
	return fmt.Errorf("%w after %d attempts; the last one: %w", context.Cause(ctx), backoff.Failures(), unmark(err))
}

// unmark takes the wrapper of Retry off.
func unmark(err error) error {
	switch e := err.(type) {
	case final:
		return e.error
	case again:
		return e.error
	}
	return err
}
