package receive

import (
	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/inbox"
)

// local is the type of the names that conditions on requests have.
func local(_ *Config, _ *step.Place, name string) eval.Type {
	switch name {
	case "request":
		return inbox.Type()
	case "requests":
		return eval.ListOf(inbox.Type())
	}
	return eval.AnyType
}
