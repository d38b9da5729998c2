package lease

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/step"
)

// store is where the Leases of one cluster are.
type store interface {
	create(ctx context.Context, r record) (record, error)
	list(ctx context.Context) (table, error)
	// renew keeps a Lease alive. errGone says that it is another's by now, or nobody's.
	renew(ctx context.Context, r record) error
	// remove deletes a Lease; with a version only as long as nobody renewed it. It is fine when that is not so any more.
	remove(ctx context.Context, r record, version string) error
	// watch calls changed after each change until ctx is done or watching is refused.
	watch(ctx context.Context, changed func()) error
}

var errGone = errors.New("its lease was taken away")

// Parts of the duration of a Lease: it is renewed three times in it, and given up before others may take it.
const (
	renewals = 3
	fence    = 2 // thirds
)

// blindPause is the time between two looks of those who may not watch.
const blindPause = time.Second

// hold is one claim on one cluster, from its creation to its end.
type hold struct {
	store  store
	record record
	lost   func(why string)

	life context.Context // of the renewals; its cause says how the Lease was lost
	end  context.CancelCauseFunc
	done sync.WaitGroup
}

// begin creates the Lease and keeps it alive.
func begin(ctx context.Context, s store, r record, lost func(string)) (*hold, error) {
	began := time.Now()
	created, err := s.create(ctx, r)
	if err != nil {
		return nil, err
	}
	h := &hold{store: s, record: created, lost: lost}
	h.life, h.end = context.WithCancelCause(context.WithoutCancel(ctx))
	h.done.Go(func() { h.keep(began) })
	return h, nil
}

// keep renews the Lease until the hold ends, or until nobody can rely on it any more.
func (h *hold) keep(last time.Time) {
	ticker := time.NewTicker(h.record.duration / renewals)
	defer ticker.Stop()
	limit := h.record.duration * fence / renewals
	for {
		select {
		case <-h.life.Done():
			return
		case <-ticker.C:
		}
		began := time.Now()
		attempt, cancel := context.WithDeadline(h.life, last.Add(limit))
		err := h.store.renew(attempt, h.record)
		cancel()
		switch {
		case err == nil:
			last = began
		case h.life.Err() != nil:
			return
		case errors.Is(err, errGone):
			h.lose(err)
			return
		case time.Since(last) >= limit:
			h.lose(fmt.Errorf("its lease was not renewed for %s: %w", limit, err))
			return
		}
	}
}

func (h *hold) lose(why error) {
	h.end(why)
	h.lost(why.Error())
}

// release gives the claim back.
func (h *hold) release(ctx context.Context) error {
	h.end(context.Canceled)
	h.done.Wait()
	return h.store.remove(ctx, h.record, "")
}

// sighting is when a Lease was first seen in its present version.
type sighting struct {
	version string
	since   time.Time
}

// turn waits until no earlier claim overlaps.
func (h *hold) turn(ctx context.Context, c step.Claim) error {
	w := &waiting{hold: h, claim: c, seen: map[string]sighting{}, changed: make(chan struct{}, 1)}
	ctx, cancel := context.WithCancel(ctx)
	defer w.watching.Wait()
	defer cancel()
	for first := true; ; first = false {
		all, err := h.store.list(ctx)
		if err != nil {
			return err
		}
		mine, there := all.find(h.record)
		if !there {
			return errGone
		}
		before := all.obstacles(mine)
		if len(before) == 0 {
			return nil
		}
		if other, closed := all.circle(mine); closed && first {
			return fmt.Errorf("waiting for lock %s would never end: scenario %s of %s holds it and waits for what this one holds; name both under locks: in both scenarios, which are then taken together",
				step.Conflict(mine.names, other.names), other.scenario, other.holder)
		}
		if err := w.wait(ctx, mine, before); err != nil {
			return err
		}
	}
}

// waiting is a wait for one's turn.
type waiting struct {
	hold     *hold
	claim    step.Claim
	said     string
	seen     map[string]sighting // by uid
	changed  chan struct{}
	watching sync.WaitGroup
	follows  bool
	blind    atomic.Bool // watching is refused
}

// wait returns when something may have changed. It removes what has run out.
func (w *waiting) wait(ctx context.Context, mine record, before []record) error {
	first := before[0]
	if text := fmt.Sprintf("waits for lock %s held by %s, scenario %s", step.Conflict(mine.names, first.names), first.holder, first.scenario); text != w.said {
		w.said = text
		w.claim.Waits(text)
	}
	w.follow(ctx)
	left, err := w.expire(ctx, before)
	if err != nil || left <= 0 {
		return err
	}
	if w.blind.Load() {
		left = min(left, blindPause)
	}
	timer := time.NewTimer(left)
	defer timer.Stop()
	select {
	case <-w.changed:
	case <-timer.C:
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-w.hold.life.Done():
		return context.Cause(w.hold.life)
	}
	return nil
}

// follow starts the watch when there is something to wait for.
func (w *waiting) follow(ctx context.Context) {
	if w.follows {
		return
	}
	w.follows = true
	notify := func() {
		select {
		case w.changed <- struct{}{}:
		default:
		}
	}
	w.watching.Go(func() {
		_ = w.hold.store.watch(ctx, notify) // who may not watch looks again and again
		w.blind.Store(true)
		notify()
	})
}

// expire removes the claims that were not renewed for their duration since they were first seen so, and returns how long the
// next one has got. 0 means that one was removed.
func (w *waiting) expire(ctx context.Context, before []record) (time.Duration, error) {
	left := time.Duration(-1)
	for _, r := range before {
		s := w.seen[r.uid]
		if s.version != r.version {
			s = sighting{r.version, time.Now()}
			w.seen[r.uid] = s
		}
		rest := r.duration - time.Since(s.since)
		if rest <= 0 {
			return 0, w.hold.store.remove(ctx, r, r.version)
		}
		if left < 0 || rest < left {
			left = rest
		}
	}
	return left, nil
}
