package run

import (
	"context"
	"errors"
	"fmt"

	"github.com/scenario-runner/scenario-runner/engine/step"
)

// withSupervision survives a step that panics, and leaves behind one that does not stop when it is told to. Such a step
// is named, because it may still change things.
func withSupervision(next task) task {
	return func(ctx context.Context, c *call) (map[string]any, error) {
		s := supervisor{abort: c.host.x.run.options.Abort, busy: c.host.waitsForNested}
		outputs, err := s.call(ctx, func(ctx context.Context) (map[string]any, error) { return next(ctx, c) })
		if left, ok := errors.AsType[*abandoned](err); ok {
			c.host.pinned.Store(true) // it may still read its scope
			err = &step.Failure{
				Verdict: step.Errored,
				Message: fmt.Sprintf("step %s (%s) %v; it may still be running", c.node.id, c.node.step.Kind, left),
			}
			return nil, &abandonedStep{left: left, failure: err}
		}
		return outputs, err
	}
}

// abandonedStep is an abandoned that tells the whole story.
type abandonedStep struct {
	left    *abandoned
	failure error
}

// Error returns the story.
func (a *abandonedStep) Error() string { return a.failure.Error() }

// Unwrap returns the failure and the reason.
func (a *abandonedStep) Unwrap() []error { return []error{a.failure, a.left} }
