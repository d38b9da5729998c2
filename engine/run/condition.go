package run

import (
	"context"
	"fmt"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

// withCondition runs next only when the step's `if` is true.
func withCondition(condition *eval.Program, next task) task {
	if condition == nil {
		return next
	}
	return func(ctx context.Context, c *call) (map[string]any, error) {
		v, err := condition.Eval(c.scope)
		if err != nil {
			return nil, fmt.Errorf("if: %w", err)
		}
		met, ok := v.(bool)
		if !ok {
			return nil, fmt.Errorf("if: %s gave %s; expected true or false", condition.Source, eval.Format(v))
		}
		if !met {
			c.unmet = true
			return nil, step.Skip("its condition is false: %s", condition.Source)
		}
		return next(ctx, c)
	}
}
