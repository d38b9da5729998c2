package remedy

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/action"
	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/alert"
	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/history"
	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/metric"
)

// ErrStopping is returned for alerts that arrive while the process is on its way out.
var ErrStopping = errors.New("the remediator is stopping")

// Config is what a Remediator works with.
type Config struct {
	Cluster action.Cluster
	Decider Decider
	History *history.History
	Metrics *metric.Metrics
	Log     *slog.Logger
	// Parallel is how many actions run at once; more of them wait for their turn.
	Parallel int
}

// Remediator carries out what is decided about alerts.
type Remediator struct {
	config Config
	claims *claims
	slots  chan struct{}

	mu       sync.Mutex
	closed   bool
	stopping chan struct{}
	running  sync.WaitGroup
}

// New returns a Remediator; Close must be called to wait for its actions.
func New(config Config) *Remediator {
	return &Remediator{
		config:   config,
		claims:   newClaims(),
		slots:    make(chan struct{}, max(config.Parallel, 1)),
		stopping: make(chan struct{}),
	}
}

// Receive records an alert and starts the action that is decided upon, without waiting
// for its end. An error means that the alert was not taken and should be sent again.
func (r *Remediator) Receive(ctx context.Context, a alert.Alert) (history.Entry, error) {
	if err := r.enter(); err != nil {
		return history.Entry{}, err
	}
	defer r.running.Done()
	r.config.Metrics.AlertReceived(a.Name(), a.Status)
	entry := history.Entry{
		ID: newID(), Alertname: a.Name(), Fingerprint: a.Fingerprint, Labels: a.Labels,
		Status: history.Received, StartedAt: time.Now(),
	}
	if a.Status != alert.Firing {
		return r.finish(entry, history.Resolved, "the alert is over")
	}
	decision, err := r.config.Decider.Decide(a)
	if decision != nil {
		entry.Action, entry.Target = decision.ActionName, &decision.Target
	}
	switch {
	case err != nil:
		return r.finish(entry, history.Failed, err.Error())
	case decision == nil:
		return r.finish(entry, history.NoAction, "no rule matches the alert")
	case decision.Forbidden != "":
		return r.finish(entry, history.Forbidden, decision.Forbidden)
	}
	return r.begin(ctx, entry, *decision)
}

// begin claims the alert and the target and starts the action in the background. It
// outlives the request that brought the alert.
func (r *Remediator) begin(ctx context.Context, entry history.Entry, decision Decision) (history.Entry, error) {
	keys := []string{"alert " + entry.Fingerprint, entry.Action + " of " + decision.Target.String()}
	if obstacle := r.claims.take(keys, entry.ID); obstacle != "" {
		return r.finish(entry, history.Duplicate, obstacle)
	}
	if err := r.config.History.Record(entry); err != nil {
		r.claims.release(keys, 0)
		return history.Entry{}, err
	}
	ctx = context.WithoutCancel(ctx)
	r.running.Go(func() {
		entry, status, reason := r.execute(ctx, entry, decision)
		// The cooldown starts first: whoever sees the end in the history may rely on it.
		r.claims.release(keys, decision.Cooldown)
		if _, err := r.finish(entry, status, reason); err != nil {
			r.config.Log.Error("the end of an action is not in the history", "id", entry.ID, "error", err)
		}
	})
	return entry, nil
}

// execute waits for a slot and carries the action out.
func (r *Remediator) execute(ctx context.Context, entry history.Entry, decision Decision) (history.Entry, history.Status, string) {
	if !r.takeSlot() {
		return entry, history.Failed, "the remediator stopped before the action began"
	}
	defer func() { <-r.slots }()
	entry.Status = history.Executing
	if err := r.config.History.Record(entry); err != nil {
		return entry, history.Failed, err.Error()
	}
	ctx, cancel := context.WithTimeout(ctx, decision.Timeout)
	defer cancel()
	started := time.Now()
	change, err := decision.Action.Apply(ctx, r.config.Cluster, decision.Target)
	entry.Before, entry.After = change.Before, change.After
	if err == nil && !r.config.Cluster.DryRun {
		err = change.Verify(ctx)
	}
	r.config.Metrics.ActionTook(entry.Action, time.Since(started))
	switch {
	case err != nil && ctx.Err() != nil:
		return entry, history.Failed, fmt.Sprintf("timed out after %s: %v", decision.Timeout, err)
	case err != nil:
		return entry, history.Failed, err.Error()
	case r.config.Cluster.DryRun:
		return entry, history.DryRun, "the API server accepted the change as a dry run; nothing was stored"
	}
	return entry, history.Succeeded, ""
}

// takeSlot waits for a free slot. While one is free an action that was accepted begins,
// also during Close.
func (r *Remediator) takeSlot() bool {
	select {
	case r.slots <- struct{}{}:
		return true
	default:
	}
	select {
	case r.slots <- struct{}{}:
		return true
	case <-r.stopping:
		return false
	}
}

// finish records the final status of an entry, counts and logs it.
func (r *Remediator) finish(entry history.Entry, status history.Status, reason string) (history.Entry, error) {
	now := time.Now()
	entry.Status, entry.Reason, entry.FinishedAt = status, reason, &now
	if status != history.Resolved {
		r.config.Metrics.ActionFinished(entry.Action, string(status))
	}
	target := ""
	if entry.Target != nil {
		target = entry.Target.String()
	}
	r.config.Log.Info("alert handled", "id", entry.ID, "alertname", entry.Alertname, "action", entry.Action,
		"target", target, "status", status, "reason", reason)
	if err := r.config.History.Record(entry); err != nil {
		return history.Entry{}, err
	}
	return entry, nil
}

// enter counts a caller in, unless the process is stopping.
func (r *Remediator) enter() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return ErrStopping
	}
	r.running.Add(1)
	return nil
}

// Stopping reports whether alerts are refused.
func (r *Remediator) Stopping() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.closed
}

// Close refuses further alerts, lets the actions that have begun come to their end, and
// returns when all of them are recorded.
func (r *Remediator) Close() {
	r.mu.Lock()
	if !r.closed {
		r.closed = true
		close(r.stopping)
	}
	r.mu.Unlock()
	r.running.Wait()
}

// newID returns an identifier that is unique across restarts.
func newID() string { return strings.ToLower(rand.Text()[:16]) }
