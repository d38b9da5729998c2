package run

import (
	"context"

	"github.com/scenario-runner/scenario-runner/engine/scenario"
)

// task carries out one step, or a part of the way to it. Each of the common fields that change how a step runs is a
// function from task to task, in its own file.
type task func(ctx context.Context, c *call) (map[string]any, error)

// wrapped returns the task of a step with its common fields. The condition is looked at once; a timeout holds for each
// attempt.
func (x *execution) wrapped(s *scenario.Step) task {
	return withCondition(s.If, withRetry(s.Retry, withTimeout(x.limit(s), withSupervision(perform))))
}
