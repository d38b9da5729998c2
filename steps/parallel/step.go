// Package parallel is the container step whose steps start together. The scheduler does the work.
package parallel

import (
	"context"
	_ "embed"

	"github.com/scenario-runner/scenario-runner/engine/step"
)

//go:embed README.md
var doc string

// Config is what the author writes under `parallel`.
type Config struct {
	Steps step.Block `yaml:"steps" required:"true" shorthand:"true" doc:"The steps that start together."`
}

// Outputs is empty: the steps inside have outputs of their own, which can be read from outside.
type Outputs struct{}

// New returns the definition of the step.
func New() step.Definition {
	return step.Define(step.Spec[Config, Outputs]{
		Name:      "parallel",
		Group:     step.Flow,
		Doc:       doc,
		Visible:   true,
		Unordered: true,
		Timeout:   -1, // the steps inside have their own
		Run: func(ctx context.Context, run *step.Run, c Config) (Outputs, error) {
			_, err := run.Host.Execute(ctx, c.Steps, step.Execution{Parallel: true})
			return Outputs{}, err
		},
	})
}
