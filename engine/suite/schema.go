package suite

import (
	"github.com/scenario-runner/scenario-runner/engine/field"
	"github.com/scenario-runner/scenario-runner/engine/scenario"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

// Schema returns the draft-07 JSON schema of suite files for the kinds of a registry.
func Schema(r *step.Registry) *field.Schema {
	return scenario.BlockSchema(r, "suite", "A suite of scenario-runner: which scenarios run together, and how many must pass.",
		func(block func() *field.Schema) *field.Schema {
			top := shape().Schema(block).WithoutExpressions()
			vars := field.NewSchema().Set("type", "object").Set("description", "Values in place of those that the scenarios give their vars.")
			top.Get("properties").(*field.Schema).Set("vars", vars)
			return top
		})
}
