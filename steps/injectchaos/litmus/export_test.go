package litmus

import (
	"time"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/injectchaos/driver"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

// NewImpatient is New with less patience for the operator.
func NewImpatient(config Config, patience time.Duration) driver.Driver {
	return litmus{config, patience}
}

// ImpatientUndos is Undos with less patience for the operator.
func ImpatientUndos(env *kube.Env, patience time.Duration) []step.Undo {
	u := undoer{env, patience}
	undos := Undos(env)
	undos[0] = step.DefineUndo(undoEngine, func(r running) string { return r.Engine }, u.undo, nil)
	return undos
}
