package history

import (
	"fmt"
	"sync"
)

// Sink receives every version of every entry, in the order in which they came to be.
type Sink interface {
	Append(entry Entry) error
}

// Sinks gives every version of an entry to each of several sinks, in their order.
type Sinks []Sink

// Append stops at the first sink that refuses.
func (s Sinks) Append(entry Entry) error {
	for _, sink := range s {
		if err := sink.Append(entry); err != nil {
			return err
		}
	}
	return nil
}

// History is the record of one process; it is safe for use by several goroutines.
type History struct {
	sink     Sink
	capacity int

	mu      sync.RWMutex
	order   []string
	entries map[string]Entry
	failure error
}

// New returns an empty history that keeps the newest capacity entries in memory and
// gives every change to the sink first; the sink may be nil.
func New(capacity int, sink Sink) *History {
	return &History{sink: sink, capacity: capacity, entries: make(map[string]Entry)}
}

// Record stores an entry, or a new version of it. Nothing is stored when the sink
// refuses, so that memory never shows what the record does not have.
func (h *History) Record(entry Entry) error {
	entry = entry.clone()
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.sink != nil {
		if h.failure = h.sink.Append(entry); h.failure != nil {
			return fmt.Errorf("record action %q: %w", entry.ID, h.failure)
		}
	}
	h.keep(entry)
	return nil
}

// Restore takes over what an earlier process has on record, oldest first. Nothing goes to
// the sink.
func (h *History) Restore(entries []Entry) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, entry := range entries {
		h.keep(entry.clone())
	}
}

// keep holds an entry in memory. It needs the lock.
func (h *History) keep(entry Entry) {
	if _, known := h.entries[entry.ID]; !known {
		h.order = append(h.order, entry.ID)
	}
	h.entries[entry.ID] = entry
	h.forgetOldest()
}

// forgetOldest drops finished entries beyond the capacity; running ones always stay.
func (h *History) forgetOldest() {
	for i := 0; len(h.order) > h.capacity && i < len(h.order); {
		id := h.order[i]
		if !h.entries[id].Status.Final() {
			i++
			continue
		}
		delete(h.entries, id)
		h.order = append(h.order[:i], h.order[i+1:]...)
	}
}

// Get returns the entry with the given id.
func (h *History) Get(id string) (Entry, bool) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	entry, found := h.entries[id]
	return entry.clone(), found
}

// List returns the selected entries, oldest first; it is never nil.
func (h *History) List(filter Filter) []Entry {
	h.mu.RLock()
	defer h.mu.RUnlock()
	selected := []Entry{}
	for _, id := range h.order {
		if entry := h.entries[id]; filter.matches(entry) {
			selected = append(selected, entry.clone())
		}
	}
	return selected
}

// Err returns why the newest version could not be recorded, or nil.
func (h *History) Err() error {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return h.failure
}
