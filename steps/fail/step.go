// Package fail is the step that ends a scenario with a message. It is used with a condition.
package fail

import (
	"context"
	_ "embed"

	"github.com/scenario-runner/scenario-runner/engine/step"
)

//go:embed README.md
var doc string

// Config is what the author writes under `fail`.
type Config struct {
	Message string `yaml:"message" required:"true" shorthand:"true" doc:"What is wrong, for the reader of the report."`
}

// Outputs is empty: nothing runs after this step that could read any.
type Outputs struct{}

// New returns the definition of the step.
func New() step.Definition {
	return step.Define(step.Spec[Config, Outputs]{
		Name:   "fail",
		Group:  step.Flow,
		Doc:    doc,
		Judges: true, Settled: true, Fails: true,
		Check: check,
		Title: func(c *Config) string { return "fail: " + c.Message },
		Run: func(_ context.Context, _ *step.Run, c Config) (Outputs, error) {
			return Outputs{}, step.Fail("%s", c.Message)
		},
	})
}

func check(c *Config, p *step.Problems) {
	if c.Message == "" && !p.Dynamic("message") {
		p.At("message", "the message is empty; say what is wrong")
	}
}
