// Package steptest is what the test of a step folder needs: a host that keeps everything in memory, a way to run a step
// from its YAML, and the contract that every step has to fulfil. It is used by tests only.
package steptest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/scenario-runner/scenario-runner/engine/step"
)

// Host is a step.Host in memory. Its zero value is not usable; see NewHost.
type Host struct {
	mu       sync.Mutex
	undos    []step.Undo
	entries  []*entry
	progress []string
	attached map[string][]byte
	secrets  []string
	claimed  []string
	services sync.WaitGroup
	failures []error
	stop     context.CancelFunc
	alone    chan struct{}
	ctx      context.Context //nolint:containedctx // the life of the services is the life of the host
	// OnProgress, when set, is called for each progress text.
	OnProgress func(string)
}

// NewHost returns a host that knows the given undos. At the end of the test services are stopped, then every open
// ledger entry is undone, last first.
func NewHost(t testing.TB, undos ...step.Undo) *Host {
	t.Helper()
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	h := &Host{undos: undos, attached: map[string][]byte{}, ctx: ctx, stop: stop, alone: make(chan struct{})}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Errorf("clean-up: %v", err)
		}
	})
	return h
}

// Close stops the services and undoes what is open. Calling it again does nothing.
func (h *Host) Close() error {
	h.stop()
	h.services.Wait()
	h.mu.Lock()
	open := slices.Clone(h.entries)
	failures := slices.Clone(h.failures)
	h.failures = nil
	h.mu.Unlock()
	slices.Reverse(open)
	for _, e := range open {
		failures = append(failures, e.Undo(context.WithoutCancel(h.ctx)))
	}
	return errors.Join(failures...)
}

// Progress keeps the text.
func (h *Host) Progress(text string) {
	h.mu.Lock()
	h.progress = append(h.progress, text)
	call := h.OnProgress
	h.mu.Unlock()
	if call != nil {
		call(text)
	}
}

// Seen returns every progress text so far.
func (h *Host) Seen() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.progress)
}

type entry struct {
	host   *Host
	name   string
	data   json.RawMessage
	closed bool
}

// Record keeps a ledger entry.
func (h *Host) Record(_ context.Context, undo string, data any) (step.Entry, error) {
	raw, err := json.Marshal(data)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(h.undos, func(u step.Undo) bool { return u.Name == undo }) {
		return nil, fmt.Errorf("steptest: no undo is called %q", undo)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	e := &entry{host: h, name: undo, data: raw}
	h.entries = append(h.entries, e)
	return e, nil
}

// Open returns what the open ledger entries would do, oldest first.
func (h *Host) Open() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	var out []string
	for _, e := range h.entries {
		if !e.closed {
			out = append(out, e.undo().Describe(e.data))
		}
	}
	return out
}

// Ledger returns all that was ever written to the ledger, as text.
func (h *Host) Ledger() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	var out strings.Builder
	for _, e := range h.entries {
		fmt.Fprintf(&out, "%s %s\n", e.name, e.data)
	}
	return out.String()
}

func (e *entry) undo() step.Undo {
	i := slices.IndexFunc(e.host.undos, func(u step.Undo) bool { return u.Name == e.name })
	return e.host.undos[i]
}

func (e *entry) close() bool {
	e.host.mu.Lock()
	defer e.host.mu.Unlock()
	was := e.closed
	e.closed = true
	return was
}

// Undo takes the change back and waits for it.
func (e *entry) Undo(ctx context.Context) error {
	if e.close() {
		return nil
	}
	u := e.undo()
	if err := u.Start(ctx, e.data); err != nil {
		return fmt.Errorf("%s: %w", u.Describe(e.data), err)
	}
	if u.Wait == nil {
		return nil
	}
	return u.Wait(ctx, e.data)
}

// Forget strikes the entry out.
func (e *entry) Forget(context.Context) error {
	e.close()
	return nil
}

// Service runs f until the host is closed.
func (h *Host) Service(name string, f func(ctx context.Context) error) {
	h.services.Go(func() {
		if err := f(h.ctx); err != nil && h.ctx.Err() == nil {
			h.mu.Lock()
			h.failures = append(h.failures, fmt.Errorf("%s: %w", name, err))
			h.mu.Unlock()
		}
	})
}

// Attach keeps the data.
func (h *Host) Attach(name string, data []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.attached[name] = slices.Clone(data)
}

// Attached returns what was attached under a name.
func (h *Host) Attached(name string) []byte {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.attached[name]
}

// Claim keeps the names.
func (h *Host) Claim(_ context.Context, names ...string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.claimed = append(h.claimed, names...)
	return nil
}

// Claimed returns what was claimed, in that order.
func (h *Host) Claimed() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.claimed)
}

// Alone is closed by EndStory.
func (h *Host) Alone() <-chan struct{} { return h.alone }

// EndStory tells a companion that the steps beside it have ended. Call it once.
func (h *Host) EndStory() { close(h.alone) }

// Mask keeps the secret.
func (h *Host) Mask(secret string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.secrets = append(h.secrets, secret)
}

// Secrets returns what was masked.
func (h *Host) Secrets() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.secrets)
}

// Execute is not offered: container steps are tested with the real scheduler.
func (h *Host) Execute(context.Context, step.Block, step.Execution) (map[string]any, error) {
	return nil, errors.New("steptest: nested steps need the real scheduler")
}
