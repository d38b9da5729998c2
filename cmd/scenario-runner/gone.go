package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"

	"github.com/scenario-runner/scenario-runner/engine/journal"
)

// target is what the journal of a run keeps of where it ran.
type target struct {
	// Sandbox is the kubeconfig of a sandbox that was started for the run and ends with it, "" when there was none.
	Sandbox string `json:"sandbox,omitempty"`
}

// targetOf returns what the journal keeps of where a run works.
func targetOf(b *box) json.RawMessage {
	if b == nil || b.reused {
		return nil
	}
	raw, err := json.Marshal(target{Sandbox: b.Kubeconfig})
	if err != nil {
		return nil // a struct of one string has no such error
	}
	return raw
}

// goneWithSandbox divides open ledger entries into those that can be taken back and those whose cluster was a sandbox that
// has ended with its run: nothing is left of what they changed.
func goneWithSandbox(j *journal.Journal, open []journal.OpenUndo) (left, gone []journal.OpenUndo) {
	var t target
	info := j.Run()
	if info == nil || json.Unmarshal(info.Target, &t) != nil || t.Sandbox == "" {
		return open, nil
	}
	if _, err := os.Stat(t.Sandbox); !errors.Is(err, fs.ErrNotExist) {
		return open, nil
	}
	name, err := json.Marshal(t.Sandbox)
	if err != nil {
		return open, nil
	}
	for _, e := range open {
		if bytes.Contains(e.Data, name) {
			gone = append(gone, e)
		} else {
			left = append(left, e)
		}
	}
	return left, gone
}

// strikeOut notes that nothing is left of entries.
func strikeOut(w *journal.Writer, entries []journal.OpenUndo) error {
	for _, e := range entries {
		info := e.UndoInfo
		info.Data, info.Forgotten = nil, true
		if err := w.Append(journal.Event{Kind: journal.UndoFinished, Scenario: e.Scenario, Step: e.Step, Undo: &info}); err != nil {
			return err
		}
	}
	return nil
}
