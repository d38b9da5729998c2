package storytest

import (
	"context"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

type giveConfig struct {
	Value eval.Tree `yaml:"value" required:"true" shorthand:"true" doc:"The value."`
}

type giveOutputs struct {
	Value any `expr:"value" doc:"The value."`
}

type checkConfig struct {
	That eval.Expr[bool] `yaml:"that" required:"true" shorthand:"true" doc:"What must be true."`
}

type pauseConfig struct {
	For time.Duration `yaml:"for" required:"true" shorthand:"true" doc:"How long it takes."`
}

type nothing struct{}

// Kinds returns a registry of the given kinds beside three simple ones: give (its output `value` is what is written
// there), check (fails unless a condition is true) and pause (takes a time).
func Kinds(kinds ...step.Definition) *step.Registry {
	return &step.Registry{Steps: append([]step.Definition{give(), check(), pause()}, kinds...)}
}

func give() step.Definition {
	return step.Define(step.Spec[giveConfig, giveOutputs]{
		Name: "give", Group: step.Flow, Doc: "# give\n\nGives a value.\n",
		Outputs: func(c *giveConfig) eval.Type {
			return eval.Type{Kind: eval.Object}.With("value", "The value.", c.Value.Type())
		},
		Run: func(_ context.Context, run *step.Run, c giveConfig) (giveOutputs, error) {
			v, err := c.Value.Eval(run.Scope)
			return giveOutputs{Value: v}, err
		},
	})
}

func check() step.Definition {
	return step.Define(step.Spec[checkConfig, nothing]{
		Name: "check", Group: step.Flow, Doc: "# check\n\nChecks a condition.\n", Judges: true,
		Run: func(_ context.Context, run *step.Run, c checkConfig) (nothing, error) {
			ok, err := c.That.Eval(run.Scope)
			if err == nil && !ok {
				err = step.Fail("%s is false", c.That.Source())
			}
			return nothing{}, err
		},
	})
}

func pause() step.Definition {
	return step.Define(step.Spec[pauseConfig, nothing]{
		Name: "pause", Group: step.Flow, Doc: "# pause\n\nTakes a time.\n",
		Run: func(ctx context.Context, _ *step.Run, c pauseConfig) (nothing, error) {
			timer := time.NewTimer(c.For)
			defer timer.Stop()
			select {
			case <-timer.C:
				return nothing{}, nil
			case <-ctx.Done():
				return nothing{}, context.Cause(ctx)
			}
		},
	})
}
