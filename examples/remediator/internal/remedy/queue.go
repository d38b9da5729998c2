package remedy

import (
	"context"
	"slices"
	"sync"
)

// How urgent alerts are, the most urgent first.
const (
	critical = iota
	warning
	other
)

// severityLabel is the label by which alerts say how bad it is.
const severityLabel = "severity"

// urgency says how early an alert has its turn.
func urgency(labels map[string]string) int {
	switch labels[severityLabel] {
	case "critical":
		return critical
	case "warning":
		return warning
	}
	return other
}

// queue hands out a limited number of slots: to the most urgent of those who wait, and among equals to the first.
type queue struct {
	mu      sync.Mutex
	free    int
	waiting []*waiter
}

// waiter is somebody who waits for a slot.
type waiter struct {
	urgency int
	turn    chan struct{}
}

// newQueue returns a queue with free slots.
func newQueue(slots int) *queue { return &queue{free: slots} }

// take waits for a slot and reports whether there is one; without one, ctx or stopping has ended. A slot that is free is
// taken in any case.
func (q *queue) take(ctx context.Context, urgency int, stopping <-chan struct{}) bool {
	w := q.enter(urgency)
	if w == nil {
		return true
	}
	select {
	case <-w.turn:
		return true
	case <-ctx.Done():
	case <-stopping:
	}
	return q.leave(w)
}

// enter takes a free slot, or returns the place in the queue.
func (q *queue) enter(urgency int) *waiter {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.free > 0 {
		q.free--
		return nil
	}
	w := &waiter{urgency: urgency, turn: make(chan struct{})}
	at := slices.IndexFunc(q.waiting, func(other *waiter) bool { return other.urgency > urgency })
	if at < 0 {
		at = len(q.waiting)
	}
	q.waiting = slices.Insert(q.waiting, at, w)
	return w
}

// leave gives a place up and reports whether its turn had come meanwhile.
func (q *queue) leave(w *waiter) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	at := slices.Index(q.waiting, w)
	if at < 0 {
		return true
	}
	q.waiting = slices.Delete(q.waiting, at, at+1)
	return false
}

// give hands a slot on to whoever is next.
func (q *queue) give() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiting) == 0 {
		q.free++
		return
	}
	close(q.waiting[0].turn)
	q.waiting = q.waiting[1:]
}

// len returns how many wait.
func (q *queue) len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.waiting)
}
