package run

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/scenario"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

// withRetry runs next again while it ends with one of the verdicts that are worth another attempt. A step that was
// stopped from outside, or did not stop, is not run again.
func withRetry(r *scenario.Retry, next task) task {
	if r == nil {
		return next
	}
	return func(ctx context.Context, c *call) (map[string]any, error) {
		delay := r.Delay
		for ; ; c.attempt++ {
			outputs, err := next(ctx, c)
			if err == nil || c.attempt >= r.Attempts || ctx.Err() != nil || !worthRetrying(r, err) {
				return outputs, err
			}
			c.host.Progress(fmt.Sprintf("attempt %d of %d %s: %v; trying again in %s",
				c.attempt, r.Attempts, verdictOf(err), err, length(delay)))
			if !pause(ctx, delay) {
				return outputs, err
			}
			delay = grown(r, delay)
		}
	}
}

func worthRetrying(r *scenario.Retry, err error) bool {
	if _, left := errors.AsType[*abandoned](err); left {
		return false
	}
	on := r.On
	if len(on) == 0 {
		on = []step.Verdict{step.Failed, step.Errored}
	}
	return slices.Contains(on, verdictOf(err))
}

// grown returns the delay after this one.
func grown(r *scenario.Retry, delay time.Duration) time.Duration {
	next := delay
	if r.Factor > 0 {
		next = time.Duration(min(float64(delay)*r.Factor, math.MaxInt64/2))
	}
	if r.MaxDelay > 0 {
		next = min(next, r.MaxDelay)
	}
	return next
}

// pause waits and reports whether ctx is still alive.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
