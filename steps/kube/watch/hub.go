package watch

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/scenario-runner/scenario-runner/steps/kube/client"
	"github.com/scenario-runner/scenario-runner/steps/kube/discovery"
)

// Options tune a hub. Zero fields take the defaults.
type Options struct {
	// Linger is how long a watch without waiters is kept, because the next step often waits for the same kind; 2 min.
	Linger time.Duration
	// Silence is how long a watch may say nothing at all, not even a bookmark, before it is taken for dead; 100 s.
	Silence time.Duration
	// Recovery is how long the end of a wait for every event is put off until an interrupted watch is there again; 5 s.
	Recovery time.Duration
	// ListFirst turns streamed lists off from the start.
	ListFirst bool
}

// Hub shares watches among all who wait on one API server. It is safe for concurrent use.
type Hub struct {
	api     *client.Client
	options Options
	running sync.WaitGroup
	known   *knowledge

	mu      sync.Mutex
	closed  bool
	streams map[scope]*stream
	narrow  map[schema.GroupVersionResource]bool // watched by namespace: not allowed cluster-wide, or not decent

	listFirst              atomic.Bool // the server can't stream lists
	opened, relists, event atomic.Int64
}

// Stats counts what a hub did.
type Stats struct {
	Watches int   // open now
	Opened  int64 // watch requests made
	Relists int64 // times that a state was read again in full
	Events  int64
	Objects int // in the store
}

// scope is what one stream watches.
type scope struct {
	resource  schema.GroupVersionResource
	namespace string // "" is the whole cluster
}

// errClosed is the cause when the hub ends before a wait.
var errClosed = errors.New("the connection to the cluster was closed while waiting")

// NewHub returns a hub that watches through api.
func NewHub(api *client.Client, options Options) *Hub {
	if options.Linger == 0 {
		options.Linger = 2 * time.Minute
	}
	if options.Silence == 0 {
		options.Silence = 100 * time.Second
	}
	if options.Recovery == 0 {
		options.Recovery = 5 * time.Second
	}
	hub := &Hub{
		api: api, options: options, known: newKnowledge(), streams: map[scope]*stream{},
		// Every Secret of a cluster is nothing to keep in memory, and Leases change all the time.
		narrow: map[schema.GroupVersionResource]bool{
			{Version: "v1", Resource: "secrets"}: true, {Group: "coordination.k8s.io", Version: "v1", Resource: "leases"}: true,
		},
	}
	hub.listFirst.Store(options.ListFirst)
	return hub
}

// Watch calls f with the present state and then after each change until f is done, f fails, the watch fails or ctx is
// done. f is never called by two goroutines at once. Changes that come while f works are delivered as one, unless the
// query wants every event.
func (h *Hub) Watch(ctx context.Context, query Query, f func(Snapshot) (done bool, err error)) error {
	for {
		stream, subscription, err := h.subscribe(ctx, query)
		if err != nil {
			return err
		}
		err = stream.follow(ctx, subscription, f)
		stream.leave(subscription)
		if !h.narrowed(stream, query, err) {
			return err
		}
	}
}

// narrowed reports whether the wait should begin again on a watch of its own namespace, because the whole cluster is
// forbidden to us.
func (h *Hub) narrowed(s *stream, query Query, err error) bool {
	var refused *refusal
	if !errors.As(err, &refused) || !apierrors.IsForbidden(err) || s.scope.namespace != "" || query.Namespace == "" || !query.Mapping.Namespaced {
		return false
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.narrow[s.scope.resource] = true
	return true
}

// subscribe finds or starts the stream for query and joins it. A stream outlives the wait that started it.
func (h *Hub) subscribe(ctx context.Context, query Query) (*stream, *subscription, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return nil, nil, errClosed
	}
	where := scope{resource: query.Mapping.GVR()}
	if h.narrow[where.resource] && query.Mapping.Namespaced {
		where.namespace = query.Namespace
	}
	s := h.streams[where]
	if s == nil {
		s = newStream(context.WithoutCancel(ctx), h, query.Mapping, where)
		h.streams[where] = s
		h.running.Go(s.run)
	}
	return s, s.join(query), nil
}

// Observe takes over an object that a request of ours has just read or written, so that no waiter sees an older form.
func (h *Hub) Observe(mapping discovery.Mapping, object *unstructured.Unstructured) {
	if object.GetResourceVersion() == "" {
		return
	}
	h.known.learn(mapping.GVR(), object)
	for _, s := range h.concerned(mapping, object.GetNamespace()) {
		s.observe(lightCopy(object))
	}
}

// ObserveVersion takes over that an object has come to a version, of which only another form was seen: a Scale bears the
// name and the version of what it scales.
func (h *Hub) ObserveVersion(mapping discovery.Mapping, form *unstructured.Unstructured) {
	h.known.learn(mapping.GVR(), form)
}

// ObserveGone takes over that a request of ours found an object gone, or removed it on the spot.
func (h *Hub) ObserveGone(mapping discovery.Mapping, key Key, uid types.UID) {
	if uid != "" {
		h.known.learnRemoved(mapping.GVR(), key, uid)
	}
	for _, s := range h.concerned(mapping, key.Namespace) {
		s.observeGone(key, uid)
	}
}

func (h *Hub) concerned(mapping discovery.Mapping, namespace string) []*stream {
	h.mu.Lock()
	defer h.mu.Unlock()
	var found []*stream
	if s := h.streams[scope{resource: mapping.GVR()}]; s != nil {
		found = append(found, s)
	}
	if namespace != "" {
		if s := h.streams[scope{mapping.GVR(), namespace}]; s != nil {
			found = append(found, s)
		}
	}
	return found
}

// drop forgets a stream that ended or that nobody needs any more.
func (h *Hub) drop(s *stream) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.streams[s.scope] == s {
		delete(h.streams, s.scope)
	}
}

// Stats returns the counts so far.
func (h *Hub) Stats() Stats {
	h.mu.Lock()
	defer h.mu.Unlock()
	stats := Stats{Watches: len(h.streams), Opened: h.opened.Load(), Relists: h.relists.Load(), Events: h.event.Load()}
	for _, s := range h.streams {
		stats.Objects += s.size()
	}
	return stats
}

// Close ends all watches, tells the waiters and returns when every goroutine of the hub is gone.
func (h *Hub) Close() {
	h.mu.Lock()
	h.closed = true
	for _, s := range h.streams {
		s.end()
	}
	h.mu.Unlock()
	h.running.Wait()
}
