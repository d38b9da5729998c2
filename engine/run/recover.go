package run

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/journal"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

// Recovered is what became of a ledger entry of a dead run.
type Recovered struct {
	Entry journal.OpenUndo
	Err   error // why it could not be taken back
}

// Recover takes back what a run that is dead left behind. entries are its open ledger entries, newest first, as
// journal.Journal.Open gives them. Every one is started before any is waited for, and every one is tried even when
// others fail. What becomes of them is appended to j, so that a second Recover finds nothing to do.
func Recover(ctx context.Context, entries []journal.OpenUndo, undos []step.Undo, j Journal, timeout time.Duration) []Recovered {
	if timeout <= 0 {
		timeout = DefaultCleanupTimeout
	}
	out := make([]Recovered, len(entries))
	found := make([]step.Undo, len(entries))
	for i, e := range entries {
		out[i].Entry = e
		found[i], out[i].Err = undoNamed(undos, e.Name)
		if out[i].Err == nil {
			out[i].Err = within(ctx, timeout, func(ctx context.Context) error { return found[i].Start(ctx, e.Data) })
		}
	}
	for i, e := range entries {
		if out[i].Err == nil && found[i].Wait != nil {
			out[i].Err = within(ctx, timeout, func(ctx context.Context) error { return found[i].Wait(ctx, e.Data) })
		}
		out[i].Err = errors.Join(out[i].Err, settle(j, out[i]))
	}
	return out
}

func undoNamed(undos []step.Undo, name string) (step.Undo, error) {
	i := slices.IndexFunc(undos, func(u step.Undo) bool { return u.Name == name })
	if i < 0 {
		return step.Undo{}, fmt.Errorf("this version knows no undo %q; use the version that made the change", name)
	}
	return undos[i], nil
}

func within(ctx context.Context, timeout time.Duration, f func(context.Context) error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, undoTimeout(timeout))
	defer cancel()
	return supervisor{}.undo(ctx, f)
}

func settle(j Journal, r Recovered) error {
	info := r.Entry.UndoInfo
	info.Data = nil
	e := journal.Event{Kind: journal.UndoFinished, Scenario: r.Entry.Scenario, Step: r.Entry.Step, Undo: &info}
	if r.Err != nil {
		e.Kind, e.Message = journal.UndoFailed, r.Err.Error()
	}
	return j.Append(e)
}
