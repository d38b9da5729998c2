// Package history keeps what was done about every alert: in memory for questions, and
// in a sink (a file of JSON lines) for the record. It does not decide and does not act.
package history

import (
	"maps"
	"time"

	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/action"
)

// Status says how far an entry has come.
type Status string

// The statuses of an entry. Received and Executing are passed through, the others are final.
const (
	Received  Status = "received"
	Executing Status = "executing"
	Succeeded Status = "succeeded"
	Failed    Status = "failed"
	Duplicate Status = "duplicate"
	NoAction  Status = "no_action"
	DryRun    Status = "dry_run"
	Forbidden Status = "forbidden"
	Resolved  Status = "resolved"
	// RolledBack is the end of a change that did not help and was taken back.
	RolledBack Status = "rolled_back"
	// Correlated is the end of an alert that another one with the same cause was acted upon for.
	Correlated Status = "correlated"
)

// Statuses returns every status in the order in which an entry may pass through them.
func Statuses() []Status {
	return []Status{Received, Executing, Succeeded, Failed, Duplicate, NoAction, DryRun, Forbidden, Resolved, RolledBack, Correlated}
}

// Final reports whether an entry with this status never changes again.
func (s Status) Final() bool { return s != Received && s != Executing }

// Opinion is what a model said about its decision.
type Opinion struct {
	Confidence float64 `json:"confidence"`
	Reason     string  `json:"reason"`
}

// Entry is what is known about one alert that arrived.
type Entry struct {
	ID          string            `json:"id"`
	Alertname   string            `json:"alertname"`
	Fingerprint string            `json:"fingerprint"`
	Labels      map[string]string `json:"labels"`
	Action      string            `json:"action,omitempty"`
	Target      *action.Target    `json:"target,omitempty"`
	Status      Status            `json:"status"`
	Reason      string            `json:"reason,omitempty"`
	// FiresSince is since when the alert fires, as its sender says.
	FiresSince time.Time `json:"firesSince,omitzero"`
	StartedAt  time.Time `json:"startedAt"`
	// BegunAt is when the action began; there is none for alerts that none was begun for.
	BegunAt    *time.Time   `json:"begunAt,omitempty"`
	FinishedAt *time.Time   `json:"finishedAt,omitempty"`
	Before     action.State `json:"before,omitempty"`
	After      action.State `json:"after,omitempty"`
	Model      *Opinion     `json:"model,omitempty"`
	// CorrelatedWith is the entry that was acted upon for the same cause.
	CorrelatedWith string `json:"correlatedWith,omitempty"`
	// CooldownUntil is until when the same action is refused; there is none without an action.
	CooldownUntil *time.Time `json:"cooldownUntil,omitempty"`
}

// Namespace returns the namespace of the target, or the one that the alert names when
// nothing was targeted.
func (e Entry) Namespace() string {
	if e.Target != nil {
		return e.Target.Namespace
	}
	return e.Labels["namespace"]
}

// clone keeps readers of the history apart from its owner.
func (e Entry) clone() Entry {
	e.Labels, e.Before, e.After = maps.Clone(e.Labels), maps.Clone(e.Before), maps.Clone(e.After)
	if e.Target != nil {
		target := *e.Target
		e.Target = &target
	}
	if e.BegunAt != nil {
		begun := *e.BegunAt
		e.BegunAt = &begun
	}
	if e.FinishedAt != nil {
		finished := *e.FinishedAt
		e.FinishedAt = &finished
	}
	if e.CooldownUntil != nil {
		until := *e.CooldownUntil
		e.CooldownUntil = &until
	}
	if e.Model != nil {
		opinion := *e.Model
		e.Model = &opinion
	}
	return e
}

// Filter selects entries; an empty field selects all.
type Filter struct {
	Alertname string
	Namespace string
	Status    Status
}

// matches reports whether the filter selects the entry.
func (f Filter) matches(e Entry) bool {
	return (f.Alertname == "" || f.Alertname == e.Alertname) &&
		(f.Namespace == "" || f.Namespace == e.Namespace()) &&
		(f.Status == "" || f.Status == e.Status)
}
