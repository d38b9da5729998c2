package watch

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/scenario-runner/scenario-runner/steps/kube/client"
	"github.com/scenario-runner/scenario-runner/steps/kube/discovery"
)

// stream is one watch with its store and its waiters. One goroutine (run) talks to the server; everything below mu is
// shared with the waiters.
type stream struct {
	hub     *Hub
	mapping discovery.Mapping
	scope   scope
	life    context.Context
	end     context.CancelFunc

	// Owned by run.
	backoff *client.Backoff
	broken  int // streamed lists that ended before they were complete

	mu      sync.Mutex
	version string // where to go on, written by run only; "" means that the state must be read in full
	synced  bool
	failed  error
	store   *store
	early   []*unstructured.Unstructured // observed before the first state was there
	named   map[Key][]*subscription
	grouped map[string][]*subscription // by namespace, "" for all
	waiters int
	linger  *time.Timer
	live    bool           // a watch is open and the state is known
	trouble *client.Silent // why it is not live, when nobody answers
	turned  chan struct{}  // closed and replaced when live changes
}

func newStream(ctx context.Context, h *Hub, mapping discovery.Mapping, where scope) *stream {
	life, end := context.WithCancel(ctx)
	return &stream{
		hub: h, mapping: mapping, scope: where, life: life, end: end, backoff: client.NewBackoff(h.api.Policy()),
		store: newStore(), named: map[Key][]*subscription{}, grouped: map[string][]*subscription{},
		turned: make(chan struct{}),
	}
}

// refusal is an error of the server that ends a stream and all waits on it.
type refusal struct {
	what  string
	cause error
}

// Error says what could not be watched and why.
func (r *refusal) Error() string { return fmt.Sprintf("watch %s: %v", r.what, r.cause) }

// Unwrap returns the server's error.
func (r *refusal) Unwrap() error { return r.cause }

// join adds a waiter, which finds the present state queued if it is known.
func (s *stream) join(query Query) *subscription {
	sub := newSubscription(query)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiters++
	if s.linger != nil {
		s.linger.Stop()
		s.linger = nil
	}
	if query.Name != "" && (query.Namespace != "" || !query.Mapping.Namespaced) {
		s.named[query.key()] = append(s.named[query.key()], sub)
	} else {
		s.grouped[query.Namespace] = append(s.grouped[query.Namespace], sub)
	}
	switch {
	case s.failed != nil:
		sub.fail(s.failed)
	case s.synced:
		s.begin(sub)
	}
	return sub
}

// begin gives a waiter its first state; s.mu is held.
func (s *stream) begin(sub *subscription) {
	if sub.query.Name != "" {
		if object := s.store.get(sub.query.key()); sub.query.Matches(object) {
			sub.matched[KeyOf(object)] = object
		}
	} else {
		s.store.each(sub.query.Namespace, func(object *unstructured.Unstructured) {
			if sub.query.Matches(object) {
				sub.matched[KeyOf(object)] = object
			}
		})
	}
	sub.pending = append(sub.pending, change{version: s.version, at: time.Now()})
	sub.signal()
}

// leave removes a waiter and closes the stream a while after the last one.
func (s *stream) leave(sub *subscription) {
	s.mu.Lock()
	defer s.mu.Unlock()
	isSub := func(other *subscription) bool { return other == sub }
	if key := sub.query.key(); slices.Contains(s.named[key], sub) {
		if s.named[key] = slices.DeleteFunc(s.named[key], isSub); len(s.named[key]) == 0 {
			delete(s.named, key)
		}
	} else if s.grouped[sub.query.Namespace] = slices.DeleteFunc(s.grouped[sub.query.Namespace], isSub); len(s.grouped[sub.query.Namespace]) == 0 {
		delete(s.grouped, sub.query.Namespace)
	}
	if s.waiters--; s.waiters == 0 && s.failed == nil {
		s.linger = time.AfterFunc(s.hub.options.Linger, s.retire)
	}
}

// retire ends a stream that nobody has needed for a while.
func (s *stream) retire() {
	s.hub.mu.Lock()
	defer s.hub.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.waiters > 0 {
		return
	}
	if s.hub.streams[s.scope] == s {
		delete(s.hub.streams, s.scope)
	}
	s.end()
}

// follow delivers to one waiter until it is done.
func (s *stream) follow(ctx context.Context, sub *subscription, f func(Snapshot) (bool, error)) error {
	for {
		select {
		case <-ctx.Done():
			return s.concluded(ctx, sub)
		case <-sub.wake:
		}
		s.mu.Lock()
		changes, failure := sub.take()
		s.mu.Unlock()
		if done, err := sub.deliver(changes, f); done || err != nil {
			return err
		}
		if failure != nil {
			return failure
		}
	}
}

// publish hands one change to those whom it concerns; s.mu is held.
func (s *stream) publish(old *unstructured.Unstructured, c change) {
	for _, sub := range s.named[c.key] {
		if sub.query.Matches(old) || !c.deleted && sub.query.Matches(c.object) {
			sub.offer(c)
		}
	}
	for _, namespace := range []string{c.key.Namespace, ""} {
		for _, sub := range s.grouped[namespace] {
			if sub.query.Matches(old) || !c.deleted && sub.query.Matches(c.object) {
				sub.offer(c)
			}
		}
		if c.key.Namespace == "" {
			break
		}
	}
}

// upsert takes an object in and tells the waiters; s.mu is held.
func (s *stream) upsert(object *unstructured.Unstructured, gap bool) {
	key := KeyOf(object)
	old := s.store.get(key)
	if s.store.put(object) {
		s.publish(old, change{key: key, object: object, gap: gap, version: object.GetResourceVersion(), at: time.Now()})
	}
}

// remove drops an object and tells the waiters; s.mu is held.
func (s *stream) remove(last *unstructured.Unstructured, gap bool) {
	old := s.store.get(KeyOf(last))
	if s.store.remove(last) {
		s.publish(old, change{key: KeyOf(last), object: last, deleted: true, gap: gap, version: last.GetResourceVersion(), at: time.Now()})
	}
}

func (s *stream) observe(object *unstructured.Unstructured) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.synced {
		s.early = append(s.early, object)
		return
	}
	if s.store.get(KeyOf(object)) == nil && past(s.version, object.GetResourceVersion()) {
		return // it was removed before the answer to our request was read, and nothing would remove it again
	}
	s.upsert(object, false)
}

func (s *stream) observeGone(key Key, uid types.UID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.store.get(key)
	if old == nil && !s.synced && uid != "" {
		s.store.gone[key] = uid
	}
	if old == nil || uid != "" && old.GetUID() != uid {
		return
	}
	s.remove(old, false)
	s.store.gone[key] = old.GetUID()
}

// fail ends all waits on the stream.
func (s *stream) fail(err error) {
	s.hub.drop(s)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failed = err
	s.everyone(func(sub *subscription) { sub.fail(err) })
}

// everyone calls f for each waiter; s.mu is held. Waiters are independent, so the order is of no account.
func (s *stream) everyone(f func(*subscription)) {
	for _, group := range s.named {
		for _, sub := range group {
			f(sub)
		}
	}
	for _, group := range s.grouped {
		for _, sub := range group {
			f(sub)
		}
	}
}

// resumeAt notes where the watch goes on.
func (s *stream) resumeAt(version string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.version = version
}

func (s *stream) size() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.store.len()
}
