package remedy

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/action"
	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/history"
)

// How long is waited before an end is tried to be recorded again: at first, and at most.
const (
	firstPause   = 100 * time.Millisecond
	longestPause = 2 * time.Second
)

// begin claims the alert and the target and starts the action in the background. It
// outlives the request that brought the alert.
func (r *Remediator) begin(ctx context.Context, entry history.Entry, decision Decision) (history.Entry, error) {
	if decision.Cause != "" {
		return r.gather(ctx, entry, decision)
	}
	if obstacle := r.claim(entry, decision); obstacle != nil {
		return r.refuse(ctx, entry, obstacle)
	}
	if err := r.config.History.Record(entry); err != nil {
		r.claims.release(keys(entry, decision), 0)
		return history.Entry{}, err
	}
	c := candidate{entry, decision, context.WithoutCancel(ctx)}
	r.start(c.ctx, c.waiting(r.endings))
	return entry, nil
}

// keys are what an action claims for itself.
func keys(entry history.Entry, decision Decision) []string {
	keys := []string{"alert " + entry.Fingerprint, entry.Action + " of " + decision.Target.String()}
	if decision.Cause != "" {
		keys = append([]string{causeKey + decision.Cause}, keys...)
	}
	return keys
}

// claim claims what an action needs, or says what stands in the way.
func (r *Remediator) claim(entry history.Entry, decision Decision) *obstacle {
	return r.claims.take(keys(entry, decision), entry.ID)
}

// refuse ends an entry that somebody else is, or was, at work for.
func (r *Remediator) refuse(ctx context.Context, entry history.Entry, in *obstacle) (history.Entry, error) {
	if strings.HasPrefix(in.key, causeKey) {
		entry.CorrelatedWith = in.entry
		return r.finish(ctx, entry, history.Correlated, in.reason)
	}
	return r.finish(ctx, entry, history.Duplicate, in.reason)
}

// start carries an action out whose claims are taken.
func (r *Remediator) start(ctx context.Context, c candidate) {
	r.running.Go(func() {
		entry, status, reason := r.execute(ctx, c)
		cooldown := c.decision.Cooldown
		if status == history.Resolved {
			cooldown = 0 // nothing was done that needs to settle
		}
		// The cooldown starts first: whoever sees the end in the history may rely on it.
		r.claims.release(keys(c.entry, c.decision), cooldown)
		if cooldown > 0 {
			until := time.Now().Add(cooldown)
			entry.CooldownUntil = &until
		}
		r.end(ctx, entry, status, reason)
	})
}

// end finishes an entry when nobody waits for the answer any more. What was done can't be
// refused as an alert can: the record is tried again until it has the end.
func (r *Remediator) end(ctx context.Context, entry history.Entry, status history.Status, reason string) {
	entry = r.seal(entry, status, reason)
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		err := r.record(ctx, entry)
		if err == nil {
			return
		}
		if !r.rest(pause) {
			r.config.Log.Error("the end of an action is not in the history", "id", entry.ID, "error", err)
			return
		}
		r.config.Log.Warn("the end of an action is not in the history yet", "id", entry.ID, "error", err)
	}
}

// rest lets a while pass and reports whether it did, rather than the process coming to its end.
func (r *Remediator) rest(pause time.Duration) bool {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.stopping:
		return false
	}
}

// Restore takes over what an earlier process has on record: its cooldowns hold, and its
// entries can be asked for.
func (r *Remediator) Restore(entries []history.Entry) {
	r.config.History.Restore(entries)
	for _, entry := range entries {
		if entry.CooldownUntil == nil || entry.Target == nil {
			continue
		}
		for _, key := range keys(entry, Decision{Target: *entry.Target}) {
			r.claims.restore(key, entry.ID, *entry.CooldownUntil)
		}
	}
}

// execute waits for a slot and carries the action out.
func (r *Remediator) execute(ctx context.Context, c candidate) (history.Entry, history.Status, string) {
	entry, decision := c.entry, c.decision
	if !r.slots.take(c.ctx, urgency(entry.Labels), r.stopping) {
		if c.ctx.Err() != nil {
			return entry, history.Resolved, errOver.Error()
		}
		return entry, history.Failed, "the remediator stopped before the action began"
	}
	defer r.slots.give()
	if !r.endings.begin(c.ctx, entry.Fingerprint) {
		return entry, history.Resolved, errOver.Error()
	}
	begun := time.Now()
	entry.Status, entry.BegunAt = history.Executing, &begun
	if err := r.config.History.Record(entry); err != nil {
		return entry, history.Failed, err.Error()
	}
	limited, cancel := context.WithTimeout(ctx, decision.Timeout)
	defer cancel()
	cluster := r.cluster(decision.Target)
	change, err := decision.Action.Apply(limited, cluster, decision.Target)
	entry.Before, entry.After = change.Before, change.After
	if err == nil && !cluster.DryRun {
		err = change.Verify(limited)
	}
	r.config.Metrics.ActionTook(entry.Action, time.Since(begun))
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
