package remedy

import (
	"context"
	"fmt"
	"time"

	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/action"
	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/history"
)

// begin claims the alert and the target and starts the action in the background. It
// outlives the request that brought the alert.
func (r *Remediator) begin(ctx context.Context, entry history.Entry, decision Decision) (history.Entry, error) {
	keys := []string{"alert " + entry.Fingerprint, entry.Action + " of " + decision.Target.String()}
	if obstacle := r.claims.take(keys, entry.ID); obstacle != "" {
		return r.finish(ctx, entry, history.Duplicate, obstacle)
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
		if _, err := r.finish(ctx, entry, status, reason); err != nil {
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
	limited, cancel := context.WithTimeout(ctx, decision.Timeout)
	defer cancel()
	started, cluster := time.Now(), r.cluster(decision.Target)
	change, err := decision.Action.Apply(limited, cluster, decision.Target)
	entry.Before, entry.After = change.Before, change.After
	if err == nil && !cluster.DryRun {
		err = change.Verify(limited)
	}
	r.config.Metrics.ActionTook(entry.Action, time.Since(started))
	switch {
	case err != nil:
		reason := err.Error()
		if limited.Err() != nil {
			reason = fmt.Sprintf("timed out after %s: %v", decision.Timeout, err)
		}
		status, reason := r.takeBack(ctx, decision, cluster, change, reason)
		return entry, status, reason
	case cluster.DryRun:
		return entry, history.DryRun, "the API server accepted the change as a dry run; nothing was stored"
	}
	return entry, history.Succeeded, ""
}

// takeBack undoes a change that did not help, when the rule asks for it and there is a way.
// It has as much time as the change had.
func (*Remediator) takeBack(
	ctx context.Context, decision Decision, cluster action.Cluster, change action.Change, reason string,
) (history.Status, string) {
	switch {
	case !decision.Rollback || cluster.DryRun:
		return history.Failed, reason
	case change.Undo == nil:
		return history.Failed, reason + "; there is nothing to take back"
	}
	ctx, cancel := context.WithTimeout(ctx, decision.Timeout)
	defer cancel()
	if err := change.Undo(ctx); err != nil {
		return history.Failed, fmt.Sprintf("%s; to take it back failed, too: %v", reason, err)
	}
	return history.RolledBack, reason + "; it was taken back"
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
