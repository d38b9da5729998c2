package run

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/journal"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

// unlockTimeout is how long giving a lock back may take. One that is not given back runs out by itself.
const unlockTimeout = 10 * time.Second

// kept is what a scenario holds against other runs.
type kept struct {
	mu      sync.Mutex
	unlocks []func(context.Context) error
}

// keepOff keeps other runs off what this scenario got within its own. stepID is "" for what the scenario as a whole claims.
func (x *execution) keepOff(ctx context.Context, stepID string, names []string, waits func(string)) error {
	locker := x.run.options.Locker
	if locker == nil {
		return nil
	}
	unlock, err := locker.Lock(ctx, step.Claim{
		Scenario: x.info, Names: names, Waits: waits,
		Record: func(ctx context.Context, undo string, data any) (step.Entry, error) {
			return x.ledger.note(ctx, stepID, undo, data)
		},
		Lost: func(why string) {
			x.services.fail(stepID, "the locks of the scenario were lost: "+why+"; others may work on the same things now", nil)
		},
	})
	if unlock != nil {
		x.kept.mu.Lock()
		defer x.kept.mu.Unlock()
		x.kept.unlocks = append(x.kept.unlocks, unlock)
	}
	return err
}

// letIn gives back what other runs were kept off, newest first.
func (x *execution) letIn() {
	x.kept.mu.Lock()
	defer x.kept.mu.Unlock()
	for _, unlock := range slices.Backward(x.kept.unlocks) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(x.run.cleanup), unlockTimeout)
		if err := unlock(ctx); err != nil {
			e := x.event(journal.Logged)
			e.Message = fmt.Sprintf("a lock could not be given back, and runs out by itself: %v", err)
			x.run.emit(e)
		}
		cancel()
	}
	x.kept.unlocks = nil
}

// note is a ledger entry that the end of the scenario does not carry out: whoever wrote it forgets it in time, and it is there
// for those who clean up after this process was killed.
type note struct {
	ledger *ledger
	step   string
	info   journal.UndoInfo
}

var _ step.Entry = (*note)(nil)

// note writes a note and returns once it is durable.
func (l *ledger) note(ctx context.Context, stepID, name string, data any) (step.Entry, error) {
	_, info, err := l.prepared(name, data)
	if err != nil {
		return nil, err
	}
	n := &note{ledger: l, step: stepID, info: info}
	return n, l.write(ctx, stepID, info)
}

// Undo is not for notes.
func (n *note) Undo(context.Context) error { return errors.New("this entry is for a later process") }

// Forget strikes the note out.
func (n *note) Forget(ctx context.Context) error {
	info := n.info
	info.Data, info.Forgotten = nil, true
	return cmp.Or(ctx.Err(), n.ledger.run.broke(n.ledger.run.options.Journal.Append(journal.Event{
		Kind: journal.UndoFinished, Scenario: n.ledger.scenario, Step: n.step, Undo: &info,
	})))
}
