package step

import (
	"context"

	"github.com/scenario-runner/scenario-runner/engine/eval"
)

// Task is one use of a step in a scenario: its config, decoded and checked, with the ${{ }} parts not evaluated yet.
type Task interface {
	// Run evaluates the ${{ }} parts with run.Scope, runs the step once and returns what steps.<id> will hold.
	// Outputs may be present beside an error: what was found until then.
	Run(ctx context.Context, run *Run) (outputs map[string]any, err error)
	// Blocks returns the nested blocks of a container step.
	Blocks() []Block
	// Outputs is the type of steps.<id>.
	Outputs() eval.Type
}
