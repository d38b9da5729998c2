package run

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/journal"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

// call is one use of a step on its way through the wrappers. Only the step's worker touches it until the step has ended.
type call struct {
	node    *node
	scope   eval.Scope
	host    *host
	attempt int           // 1-based
	timeout time.Duration // of an attempt
	unmet   bool          // its condition was false
}

// perform is the innermost task: it runs the step itself, once.
func perform(ctx context.Context, c *call) (map[string]any, error) {
	s, x := c.node.step, c.host.x
	c.host.begin(c.attempt)
	cluster, err := s.Cluster.Eval(c.scope)
	if err != nil {
		return nil, fmt.Errorf("cluster: %w", err)
	}
	namespace, err := s.Namespace.Eval(c.scope)
	if err != nil {
		return nil, fmt.Errorf("namespace: %w", err)
	}
	if wrong := x.scenario.Works(cluster); wrong != "" {
		return nil, errors.New(wrong)
	}
	if s.Task == nil {
		return nil, fmt.Errorf("step %s (%s) has no task", c.node.id, s.Kind)
	}
	b := c.node.block
	c.host.cluster, c.host.namespace = cmp.Or(cluster, b.cluster), cmp.Or(namespace, b.namespace)
	cluster, namespace = c.host.cluster, c.host.namespace
	return s.Task.Run(ctx, &step.Run{
		ID: c.node.id, Kind: s.Kind, At: s.At, Dir: dirOf(s, x.info.Dir), Scenario: x.info,
		Cluster: cluster, Namespace: namespace,
		Scope:   c.scope.With("cluster", map[string]any{"name": cluster}),
		Timeout: c.timeout, Host: c.host,
	})
}

// host is the engine's side of a running step. Steps may call it from several goroutines.
type host struct {
	x    *execution
	node *node

	cluster, namespace string // that the step works on and in, written before it runs

	attempt  atomic.Int64
	nested   atomic.Int64 // calls of Execute under way
	pinned   atomic.Bool  // something still reads the scope after the step has ended
	ended    atomic.Bool
	lastSeen atomic.Pointer[string]

	mu       sync.Mutex
	attached []step.Fact
}

var _ step.Host = (*host)(nil)

// begin forgets what an earlier attempt saw.
func (h *host) begin(attempt int) {
	h.attempt.Store(int64(attempt))
	h.lastSeen.Store(nil)
}

// seen returns the last thing that the step reported.
func (h *host) seen() string {
	if s := h.lastSeen.Load(); s != nil {
		return *s
	}
	return ""
}

// Progress reports the last thing seen. What comes after the end of the step, from a service, is not shown any more.
func (h *host) Progress(text string) {
	if h.ended.Load() {
		return
	}
	h.lastSeen.Store(&text)
	e := h.x.stepEvent(journal.StepProgress, h.node)
	e.Attempt = max(int(h.attempt.Load()), 1)
	e.Message = text
	h.x.run.emit(e)
}

// Record writes an undo to the ledger; see step.Host.
func (h *host) Record(ctx context.Context, undo string, data any) (step.Entry, error) {
	return h.x.ledger.record(ctx, h.node, undo, data)
}

// Service starts f beside the steps; see step.Host.
func (h *host) Service(name string, f func(context.Context) error) {
	h.pinned.Store(true)
	h.x.services.start(h.x.run.cleanup, h.node.id, name, f)
}

// Alone is closed when the steps beside this one have ended.
func (h *host) Alone() <-chan struct{} { return h.node.block.alone }

// Mask hides a secret from now on.
func (h *host) Mask(secret string) { h.x.run.options.Journal.Mask(secret) }
