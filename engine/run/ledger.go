package run

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/scenario-runner/scenario-runner/engine/journal"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

// ledger holds the undos of a scenario that are still to be carried out. Steps write to it from their workers.
type ledger struct {
	run      *runner
	scenario string

	mu     sync.Mutex
	open   []*entry // oldest first
	sealed bool     // nothing may be changed any more
}

// entry is a ledger entry. It implements step.Entry.
type entry struct {
	ledger *ledger
	step   string
	fault  bool // made by a step that breaks things on purpose
	undo   step.Undo
	info   journal.UndoInfo
	busy   chan struct{} // holds a token while somebody works on the entry
	closed bool          // taken back or forgotten; needs the token
}

var _ step.Entry = (*entry)(nil)

// record writes an entry and returns once it is durable.
func (l *ledger) record(ctx context.Context, n *node, name string, data any) (*entry, error) {
	undo, info, err := l.prepared(name, data)
	if err != nil {
		return nil, err
	}
	e := &entry{ledger: l, step: n.id, fault: n.step.Breaks, undo: undo, busy: make(chan struct{}, 1), info: info}
	if err := l.add(e); err != nil {
		return nil, err
	}
	if err := l.write(ctx, n.id, info); err != nil {
		l.remove(e)
		return nil, fmt.Errorf("the undo could not be written to the ledger, so nothing was changed: %w", err)
	}
	return e, nil
}

// prepared finds an undo and puts together what the ledger keeps of its use.
func (l *ledger) prepared(name string, data any) (step.Undo, journal.UndoInfo, error) {
	undo, ok := l.run.undos[name]
	if !ok {
		return undo, journal.UndoInfo{}, fmt.Errorf("no undo is called %q; known are %s", name, strings.Join(l.run.undoNames(), ", "))
	}
	raw, err := json.Marshal(data)
	if err != nil {
		return undo, journal.UndoInfo{}, fmt.Errorf("undo %s: its data can't be written to the ledger: %w", name, err)
	}
	return undo, journal.UndoInfo{ID: int(l.run.entries.Add(1)), Name: name, Describe: describe(undo, raw), Data: raw}, nil
}

// write returns once the entry is durable.
func (l *ledger) write(ctx context.Context, stepID string, info journal.UndoInfo) error {
	return l.run.emitDurable(ctx, journal.Event{Kind: journal.UndoRecorded, Scenario: l.scenario, Step: stepID, Undo: &info})
}

// describe says what an undo will do.
func describe(u step.Undo, data json.RawMessage) string {
	if u.Describe == nil {
		return u.Name
	}
	return u.Describe(data)
}

func (l *ledger) add(e *entry) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.sealed {
		return errOver
	}
	l.open = append(l.open, e)
	return nil
}

func (l *ledger) remove(e *entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open = slices.DeleteFunc(l.open, func(o *entry) bool { return o == e })
}

// faults returns the open entries of what was broken on purpose, newest first.
func (l *ledger) faults() []*entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	found := slices.DeleteFunc(slices.Clone(l.open), func(e *entry) bool { return !e.fault })
	slices.Reverse(found)
	return found
}

// seal ends the recording and returns the open entries, newest first.
func (l *ledger) seal() []*entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sealed = true
	open := slices.Clone(l.open)
	slices.Reverse(open)
	return open
}

// event starts an event about e. The data is only in the event that records it.
func (e *entry) event(kind journal.Kind) journal.Event {
	info := e.info
	info.Data = nil
	return journal.Event{Kind: kind, Scenario: e.ledger.scenario, Step: e.step, Undo: &info}
}

// take claims the entry; the returned function gives it back.
func (e *entry) take(ctx context.Context) (func(), error) {
	select {
	case e.busy <- struct{}{}:
		return func() { <-e.busy }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// Undo takes the change back now. If that fails the entry stays open, and is tried again at the end of the scenario.
func (e *entry) Undo(ctx context.Context) error {
	give, err := e.take(ctx)
	if err != nil {
		return err
	}
	defer give()
	if e.closed {
		return nil
	}
	if err := e.start(ctx); err != nil {
		return fmt.Errorf("%s: %w", e.info.Describe, err)
	}
	if err := e.wait(ctx); err != nil {
		return fmt.Errorf("%s: %w", e.info.Describe, err)
	}
	return nil
}

// Forget strikes the entry out. It returns once that is durable, because otherwise a clean-up after a crash would take
// back what is to stay.
func (e *entry) Forget(ctx context.Context) error {
	give, err := e.take(ctx)
	if err != nil {
		return err
	}
	defer give()
	if e.closed {
		return nil
	}
	event := e.event(journal.UndoFinished)
	event.Undo.Forgotten = true
	if err := e.ledger.run.emitDurable(ctx, event); err != nil {
		return fmt.Errorf("the ledger entry could not be struck out: %w", err)
	}
	e.closed = true
	e.ledger.remove(e)
	return nil
}

// start takes the change back without waiting for slow consequences. The caller holds the token.
func (e *entry) start(ctx context.Context) error {
	if e.undo.Start == nil {
		return e.report(fmt.Errorf("undo %s has no Start", e.undo.Name))
	}
	return e.report(e.supervised(ctx, e.undo.Start))
}

// wait waits for the consequences and closes the entry. The caller holds the token.
func (e *entry) wait(ctx context.Context) error {
	if e.undo.Wait != nil {
		if err := e.report(e.supervised(ctx, e.undo.Wait)); err != nil {
			return err
		}
	}
	e.closed = true
	e.ledger.remove(e)
	e.ledger.run.emit(e.event(journal.UndoFinished))
	return nil
}

func (e *entry) supervised(ctx context.Context, f func(context.Context, json.RawMessage) error) error {
	return supervisor{abort: e.ledger.run.options.Abort}.undo(ctx, func(ctx context.Context) error { return f(ctx, e.info.Data) })
}

// undo runs a part of an undo and says why it was ended, if it was.
func (s supervisor) undo(ctx context.Context, f func(context.Context) error) error {
	err := s.do(ctx, f)
	if ended := stopOf(ctx); ended != nil && err != nil && contextual(err) {
		return ended
	}
	return err
}

// report writes an event when err says that the undo failed.
func (e *entry) report(err error) error {
	if err != nil {
		event := e.event(journal.UndoFailed)
		event.Message = err.Error()
		e.ledger.run.emit(event)
	}
	return err
}
