package run

import (
	"cmp"
	"context"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/scenario"
)

// withTimeout ends next after limit, and explains the error of a step whose context is done, whoever ended it.
func withTimeout(limit time.Duration, next task) task {
	return func(ctx context.Context, c *call) (map[string]any, error) {
		c.timeout = limit
		if limit > 0 {
			bounded, cancel := context.WithTimeoutCause(ctx, limit, stepTimeout(c.node.id, limit))
			defer cancel()
			ctx = bounded
		}
		outputs, err := next(ctx, c)
		return outputs, ended(ctx, c.node.id, c.host.seen(), err)
	}
}

// limit returns the timeout of a step, which the loader has filled in from its kind; a negative one means no limit.
func (x *execution) limit(s *scenario.Step) time.Duration {
	return max(cmp.Or(s.Timeout, x.run.options.StepTimeout), 0)
}
