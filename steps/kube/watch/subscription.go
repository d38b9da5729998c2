package watch

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// change is one step of one object, or of nothing (a gap, the first state).
type change struct {
	key     Key
	object  *unstructured.Unstructured // the new form; the last one when deleted
	deleted bool
	gap     bool
	version string
	at      time.Time
}

// subscription joins one waiter to one stream. The stream writes pending and err under its lock; matched belongs to the
// waiter.
type subscription struct {
	query   Query
	wake    chan struct{} // holds one token when there is something to look at
	pending []change
	latest  map[Key]int // where in pending the change of a key is; nil when every event counts
	err     error
	matched map[Key]*unstructured.Unstructured
}

func newSubscription(query Query) *subscription {
	s := &subscription{query: query, wake: make(chan struct{}, 1), matched: map[Key]*unstructured.Unstructured{}}
	if !query.EveryEvent {
		s.latest = map[Key]int{}
	}
	return s
}

// offer hands a change to the waiter and never blocks. A waiter that only wants the latest state gets one change per
// object however slow it is.
func (s *subscription) offer(c change) {
	if s.latest != nil {
		if i, ok := s.latest[c.key]; ok {
			c.gap = c.gap || s.pending[i].gap
			s.pending[i] = c
			return
		}
		s.latest[c.key] = len(s.pending)
	}
	s.pending = append(s.pending, c)
	s.signal()
}

func (s *subscription) fail(err error) {
	s.err = err
	s.signal()
}

func (s *subscription) signal() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// take empties the queue; the caller holds the stream's lock.
func (s *subscription) take() ([]change, error) {
	changes := s.pending
	s.pending = nil
	clear(s.latest)
	return changes, s.err
}

// absorb brings matched up to date with one change and reports whether it concerned the query.
func (s *subscription) absorb(c change) bool {
	if c.object == nil {
		return true
	}
	if !c.deleted && s.query.Matches(c.object) {
		s.matched[c.key] = c.object
		return true
	}
	_, had := s.matched[c.key]
	delete(s.matched, c.key)
	return had
}

// snapshot describes the state after c.
func (s *subscription) snapshot(c change) Snapshot {
	shot := Snapshot{ResourceVersion: c.version, Changed: c.object, Gap: c.gap, At: c.at}
	shot.Objects = slices.SortedFunc(maps.Values(s.matched), func(a, b *unstructured.Unstructured) int {
		return cmp.Or(cmp.Compare(a.GetNamespace(), b.GetNamespace()), cmp.Compare(a.GetName(), b.GetName()))
	})
	if s.query.Name != "" && len(shot.Objects) > 0 {
		shot.Object = shot.Objects[0]
	}
	if c.object != nil {
		_, there := s.matched[c.key]
		shot.Deleted = !there
	}
	return shot
}

// deliver calls f as the query wants it: once for each change, or once for all of them.
func (s *subscription) deliver(changes []change, f func(Snapshot) (bool, error)) (bool, error) {
	var last *change
	gap := false
	for i := range changes {
		if !s.absorb(changes[i]) {
			continue
		}
		if s.query.EveryEvent {
			if done, err := f(s.snapshot(changes[i])); done || err != nil {
				return done, err
			}
			continue
		}
		last, gap = &changes[i], gap || changes[i].gap
	}
	if last == nil {
		return false, nil
	}
	last.gap = gap
	return f(s.snapshot(*last))
}
