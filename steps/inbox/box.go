package inbox

import (
	"encoding/json"
	"slices"
	"sync"
)

// Box keeps what arrived at one server. It is safe for concurrent use.
type Box struct {
	name string
	keep int
	mask func(secret string)

	mu      sync.Mutex
	kept    []*Request
	lost    int
	strange []string
	changed chan struct{}
}

// NewBox returns the box of the server of that name, for so many requests. Secrets in the headers of requests go to mask.
func NewBox(name string, keep int, mask func(secret string)) *Box {
	return &Box{name: name, keep: keep, mask: mask, changed: make(chan struct{})}
}

// Name returns the name of the server.
func (b *Box) Name() string { return b.name }

// Keep takes a request in. It is not changed after that.
func (b *Box) Keep(r *Request) {
	for _, secret := range r.secrets() {
		b.mask(secret)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.kept) < b.keep {
		b.kept = append(b.kept, r)
	} else {
		b.lost++
	}
	close(b.changed)
	b.changed = make(chan struct{})
}

// Refuse remembers a request that was not for the server: "nothing arrived" is often a wrong path.
func (b *Box) Refuse(line string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.strange = append(b.strange, line)
}

// State is what a box holds at one moment.
type State struct {
	Requests []*Request
	Lost     int             // requests that found no room any more
	Strange  []string        // what was refused, one line each
	Changed  <-chan struct{} // closed when more arrives
}

// State returns what the box holds now.
func (b *Box) State() State {
	b.mu.Lock()
	defer b.mu.Unlock()
	return State{Requests: slices.Clone(b.kept), Lost: b.lost, Strange: slices.Clone(b.strange), Changed: b.changed}
}

// Values returns the requests as expressions see them.
func (s State) Values() []any {
	values := make([]any, len(s.Requests))
	for i, r := range s.Requests {
		values[i] = r.Value()
	}
	return values
}

// Evidence returns all requests as a document to keep, nil when none arrived.
func (b *Box) Evidence() []byte {
	state := b.State()
	if len(state.Requests) == 0 {
		return nil
	}
	data, err := json.MarshalIndent(state.Values(), "", "  ")
	if err != nil {
		return nil // a body that came as JSON can be written as JSON
	}
	return append(data, '\n')
}
