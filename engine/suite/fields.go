package suite

import "github.com/scenario-runner/scenario-runner/engine/field"

// Fields describes the top of a suite file, for documentation and editors.
func Fields() []field.Field { return shape().Fields }
