// Package remedy leads an alert from its arrival to the end of its action: it asks for a
// decision, refuses duplicates, carries the action out and records every stage. It knows
// neither the wire format of alerts' senders nor how decisions are made.
package remedy

import (
	"context"
	"time"

	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/action"
	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/alert"
	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/history"
)

// Decider says what is to be done about a firing alert. The rule file is one, a model that
// is asked over HTTP another.
type Decider interface {
	// Decide returns nil without an error when nothing is to be done. With an error the
	// decision may still name the action and target that could not be settled.
	Decide(ctx context.Context, a alert.Alert) (*Decision, error)
}

// Decision is an action with its target and its conditions.
type Decision struct {
	ActionName string
	Action     action.Action
	Target     action.Target
	// Forbidden is the reason why the action must not be carried out, or empty.
	Forbidden string
	// NoAction is the reason why nothing is to be done although a rule matches, or empty.
	NoAction string
	// Cause is what the alert has in common with others of the same cause, of which one is acted upon; empty when it
	// stands alone.
	Cause string
	// Window is how long alerts with the same cause are gathered before one is chosen.
	Window time.Duration
	// Rank says which of them is chosen: the lowest.
	Rank int
	// Rollback asks for the change to be taken back when the target does not become healthy.
	Rollback bool
	// Model is what the model that decided said about it; nil when a rule decided.
	Model *history.Opinion
	// Cooldown is how long after the action's end the same action is refused.
	Cooldown time.Duration
	// Timeout limits the change and the wait for health together.
	Timeout time.Duration
}
