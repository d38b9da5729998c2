package lease

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"sync"
	"time"
)

// memory is a server that keeps Leases, without the network.
type memory struct {
	mu      sync.Mutex
	version int
	table   table
	changed chan struct{}
	blind   bool // nobody may watch
}

func newMemory() *memory { return &memory{changed: make(chan struct{})} }

func (m *memory) change() string {
	m.version++
	close(m.changed)
	m.changed = make(chan struct{})
	return strconv.Itoa(m.version)
}

// line is one process's way to the server. It can be cut.
type line struct {
	*memory
	cut bool
}

var errCut = errors.New("connection refused")

func (l *line) broken(ctx context.Context) error {
	l.mu.Lock()
	cut := l.cut
	l.mu.Unlock()
	if !cut {
		return nil
	}
	<-ctx.Done()
	return errCut
}

func (l *line) sever() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut = true
}

func (l *line) create(ctx context.Context, r record) (record, error) {
	if err := l.broken(ctx); err != nil {
		return r, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	r.version = l.change()
	r.ticket, r.uid = r.version, "uid-"+r.version
	l.table = append(l.table, r)
	return r, nil
}

func (l *line) list(ctx context.Context) (table, error) {
	if err := l.broken(ctx); err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.table), nil
}

func (l *line) renew(ctx context.Context, r record) error {
	if err := l.broken(ctx); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range l.table {
		if l.table[i].uid == r.uid {
			l.table[i].version = l.change()
			return nil
		}
	}
	return errGone
}

func (l *line) remove(ctx context.Context, r record, version string) error {
	if err := l.broken(ctx); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	before := len(l.table)
	l.table = slices.DeleteFunc(l.table, func(other record) bool {
		return other.uid == r.uid && (version == "" || other.version == version)
	})
	if len(l.table) < before {
		l.change()
	}
	return nil
}

func (l *line) watch(ctx context.Context, changed func()) error {
	for {
		l.mu.Lock()
		next, blind := l.changed, l.blind
		l.mu.Unlock()
		if blind {
			return errors.New("forbidden")
		}
		select {
		case <-next:
			changed()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func want(owner string, names ...string) record {
	return record{name: owner, owner: owner, scenario: owner, holder: "run of " + owner, names: names, duration: 15 * time.Second}
}
