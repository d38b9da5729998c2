package remedy

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/history"
)

// causeKey begins the key under which a cause is claimed.
const causeKey = "cause "

// candidate is an alert that may be the one that is acted upon.
type candidate struct {
	entry    history.Entry
	decision Decision
	ctx      context.Context // ends when the alert is over
}

// gatherings holds the alerts whose window is open, by cause.
type gatherings struct {
	mu   sync.Mutex
	open map[string][]candidate
}

// join adds an alert to those of its cause. It reports whether it is the first of them, and who is there already with the
// same fingerprint.
func (g *gatherings) join(c candidate, e *endings) (first bool, same string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	members := g.open[c.decision.Cause]
	for _, member := range members {
		if member.entry.Fingerprint == c.entry.Fingerprint && member.ctx.Err() == nil {
			return false, member.entry.ID
		}
	}
	if g.open == nil {
		g.open = map[string][]candidate{}
	}
	g.open[c.decision.Cause] = append(members, c.waiting(e))
	return len(members) == 0, ""
}

// close returns all alerts of a cause, the one to be acted upon first: causes stand before their symptoms in the rules.
func (g *gatherings) close(cause string) []candidate {
	g.mu.Lock()
	defer g.mu.Unlock()
	members := g.open[cause]
	delete(g.open, cause)
	slices.SortStableFunc(members, func(a, b candidate) int { return cmp.Compare(a.decision.Rank, b.decision.Rank) })
	return members
}

// gather records an alert and lets it wait for others with the same cause.
func (r *Remediator) gather(ctx context.Context, entry history.Entry, decision Decision) (history.Entry, error) {
	if obstacle := r.claims.standing(causeKey + decision.Cause); obstacle != nil {
		return r.refuse(ctx, entry, obstacle)
	}
	if err := r.config.History.Record(entry); err != nil {
		return history.Entry{}, err
	}
	ctx = context.WithoutCancel(ctx)
	first, same := r.gatherings.join(candidate{entry, decision, ctx}, r.endings)
	if same != "" {
		return r.finish(ctx, entry, history.Duplicate, fmt.Sprintf("alert %s: action %s waits for others with the same cause", entry.Fingerprint, same))
	}
	if first {
		r.running.Go(func() { r.settle(ctx, decision) })
	}
	return entry, nil
}

// waiting returns the candidate with a context that ends when its alert is over.
func (c candidate) waiting(e *endings) candidate {
	c.ctx = e.waiting(c.ctx, c.entry.Fingerprint)
	return c
}

// settle closes the window of a cause and acts upon one of its alerts.
func (r *Remediator) settle(ctx context.Context, decision Decision) {
	timer := time.NewTimer(decision.Window)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.stopping:
	}
	var chosen *candidate
	for _, c := range r.gatherings.close(decision.Cause) {
		switch {
		case c.ctx.Err() != nil:
			r.end(ctx, c.entry, history.Resolved, errOver.Error())
		case chosen == nil:
			chosen = r.choose(ctx, c)
		default:
			c.entry.CorrelatedWith = chosen.entry.ID
			r.endings.begin(c.ctx, c.entry.Fingerprint)
			r.end(ctx, c.entry, history.Correlated, "one cause with "+chosen.entry.Alertname+" ("+decision.Cause+")")
		}
	}
}

// choose starts the action of a candidate, or says what stands in the way and returns nil.
func (r *Remediator) choose(ctx context.Context, c candidate) *candidate {
	if obstacle := r.claim(c.entry, c.decision); obstacle != nil {
		r.endings.begin(c.ctx, c.entry.Fingerprint)
		if _, err := r.refuse(ctx, c.entry, obstacle); err != nil {
			r.config.Log.Error("the end of an action is not in the history", "id", c.entry.ID, "error", err)
		}
		return nil
	}
	r.start(ctx, c)
	return &c
}
