package run

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/scenario-runner/scenario-runner/engine/journal"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

// locks are what scenarios of a run claim for themselves, by name. A claim is granted as a whole or waits as a whole, and
// nobody overtakes one who waits for the same: so claims that are made before anything else never lock each other out.
// Claims that are made later can; the one that would close the circle is refused.
type locks struct {
	mu      sync.Mutex
	held    []*claim
	waiting []*claim // oldest first
}

// claim is what one scenario wants or holds.
type claim struct {
	owner   *execution
	names   []string
	granted chan struct{}
}

// enter makes a claim, which is granted at once or queued. blocker says what a queued one waits for. An error says that
// waiting would never end.
func (l *locks) enter(owner *execution, names []string) (c *claim, blocker string, err error) {
	names = slices.Compact(slices.Sorted(slices.Values(names)))
	c = &claim{owner: owner, names: names, granted: make(chan struct{})}
	blocker, err = l.request(c)
	return c, blocker, err
}

// wait waits until a claim that was queued is granted.
func (l *locks) wait(ctx context.Context, c *claim) error {
	select {
	case <-c.granted:
		return nil
	case <-ctx.Done():
		l.withdraw(c)
		return context.Cause(ctx)
	}
}

// request grants a claim at once, or queues it and says what it waits for.
func (l *locks) request(c *claim) (blocker string, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	before := l.obstacles(c)
	if len(before) == 0 {
		l.held = append(l.held, c)
		close(c.granted)
		return "", nil
	}
	for _, other := range before {
		if l.leadsTo(other.owner, c.owner, map[*execution]bool{}) {
			return "", fmt.Errorf("waiting for lock %s would never end: scenario %s holds it and waits for what this one holds; name both under locks: in both scenarios, which are then taken together", step.Conflict(c.names, other.names), label(other.owner.scenario))
		}
	}
	l.waiting = append(l.waiting, c)
	return fmt.Sprintf("waits for lock %s held by scenario %s", step.Conflict(c.names, before[0].names), label(before[0].owner.scenario)), nil
}

// obstacles returns the claims of other scenarios that stand before c: those that hold the same, or wait for it longer.
func (l *locks) obstacles(c *claim) []*claim {
	var out []*claim
	for _, other := range slices.Concat(l.held, l.waiting) {
		if other == c {
			break // those behind it in the queue don't matter
		}
		if other.owner != c.owner && step.Conflict(c.names, other.names) != "" {
			out = append(out, other)
		}
	}
	return out
}

// leadsTo reports whether a scenario waits, directly or over others, for another one.
func (l *locks) leadsTo(from, to *execution, seen map[*execution]bool) bool {
	if from == to {
		return true
	}
	if seen[from] {
		return false
	}
	seen[from] = true
	for _, c := range l.waiting {
		if c.owner == from && slices.ContainsFunc(l.obstacles(c), func(other *claim) bool { return l.leadsTo(other.owner, to, seen) }) {
			return true
		}
	}
	return false
}

// withdraw takes a claim back that was not granted, or was in the last moment.
func (l *locks) withdraw(c *claim) {
	l.mu.Lock()
	defer l.mu.Unlock()
	gone := func(other *claim) bool { return other == c }
	l.held, l.waiting = slices.DeleteFunc(l.held, gone), slices.DeleteFunc(l.waiting, gone)
	l.grant()
}

// release gives back all that a scenario holds.
func (l *locks) release(owner *execution) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.held = slices.DeleteFunc(l.held, func(c *claim) bool { return c.owner == owner })
	l.grant()
}

// grant lets those go on for whom nothing is in the way any more, the oldest first.
func (l *locks) grant() {
	for i := 0; i < len(l.waiting); {
		c := l.waiting[i]
		if len(l.obstacles(c)) > 0 {
			i++
			continue
		}
		l.waiting = slices.Delete(l.waiting, i, i+1)
		l.held = append(l.held, c)
		close(c.granted)
	}
}

// queue claims what the scenario needs for itself. Scenarios queue in the order in which they are started.
func (x *execution) queue() {
	if len(x.scenario.Locks) > 0 {
		x.claim, x.blocker, _ = x.run.locks.enter(x, x.scenario.Locks) // who holds nothing keeps nobody waiting
	}
}

// lock waits for what was claimed. When the run ends first, the steps will say so.
func (x *execution) lock(ctx context.Context) error {
	if x.claim == nil {
		return nil
	}
	waits := func(text string) {
		e := x.event(journal.ScenarioWaits)
		e.Message = "scenario " + label(x.scenario) + " " + text
		x.run.emit(e)
	}
	if x.blocker != "" {
		waits(x.blocker)
	}
	if x.run.locks.wait(ctx, x.claim) != nil {
		return nil
	}
	if err := x.keepOff(ctx, "", x.scenario.Locks, waits); err != nil && ctx.Err() == nil {
		return fmt.Errorf("locks: %w", err)
	}
	return nil
}

// Claim waits until no other scenario holds any of the names; see step.Host. The setup lives as long as the whole run, so
// what it claimed nobody else could ever get: it claims nothing.
func (h *host) Claim(ctx context.Context, names ...string) error {
	if h.x.scenario == h.x.run.options.Setup || len(names) == 0 {
		return nil
	}
	c, blocker, err := h.x.run.locks.enter(h.x, names)
	if err != nil {
		return err
	}
	if blocker != "" {
		h.Progress(blocker)
	}
	if err := h.x.run.locks.wait(ctx, c); err != nil {
		return err
	}
	return h.x.keepOff(ctx, h.node.id, c.names, h.Progress)
}
