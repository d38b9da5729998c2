package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"slices"

	"github.com/scenario-runner/scenario-runner/engine/journal"
)

// target is what the journal of a run keeps of where it ran.
type target struct {
	// Sandboxes are the kubeconfigs of the sandboxes that were started for the run and end with it.
	Sandboxes []string `json:"sandboxes,omitempty"`
	// Sandbox is the only one, in journals of versions that knew no more than one.
	Sandbox string `json:"sandbox,omitempty"`
}

// targetOf returns what the journal keeps of where a run works.
func targetOf(b boxes) json.RawMessage {
	var t target
	for _, one := range b {
		if !one.reused {
			t.Sandboxes = append(t.Sandboxes, one.Kubeconfig)
		}
	}
	raw, err := json.Marshal(t)
	if err != nil || len(t.Sandboxes) == 0 {
		return nil // a struct of texts has no such error
	}
	return raw
}

// goneWithSandbox divides open ledger entries into those that can be taken back and those whose cluster was a sandbox that
// has ended with its run: nothing is left of what they changed.
func goneWithSandbox(j *journal.Journal, open []journal.OpenUndo) (left, gone []journal.OpenUndo) {
	ended := endedSandboxes(j.Run())
	for _, e := range open {
		if slices.ContainsFunc(ended, func(name []byte) bool { return bytes.Contains(e.Data, name) }) {
			gone = append(gone, e)
		} else {
			left = append(left, e)
		}
	}
	return left, gone
}

// endedSandboxes returns the kubeconfigs of the sandboxes of a run that are not there any more, as they stand in ledgers.
func endedSandboxes(info *journal.RunInfo) (ended [][]byte) {
	var t target
	if info == nil || json.Unmarshal(info.Target, &t) != nil {
		return nil
	}
	for _, file := range append(t.Sandboxes, t.Sandbox) {
		if _, err := os.Stat(file); file == "" || !errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if name, err := json.Marshal(file); err == nil {
			ended = append(ended, name)
		}
	}
	return ended
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
