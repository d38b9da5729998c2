package main

import (
	"os"
	"path/filepath"

	"github.com/scenario-runner/scenario-runner/engine/journal"
)

// keptRuns is how many finished runs are kept in the store.
const keptRuns = 50

func attachDir(runDir string) string { return filepath.Join(runDir, "attachments") }

func store() (journal.Store, error) {
	root, err := journal.DefaultRoot(os.Getenv)
	return journal.Store{Root: root}, err
}

// openJournal starts the journal of a run, in dir when that is given.
func openJournal(id, dir string) (*journal.Writer, error) {
	st, err := store()
	if err != nil {
		return nil, err
	}
	if dir != "" {
		if err := clearRun(dir); err != nil {
			return nil, err
		}
	} else if _, err := st.Prune(keptRuns); err != nil {
		return nil, err
	}
	return st.Create(id, dir, journal.Options{})
}

// clearRun removes an earlier run from a folder that the user names again, provided that it is over and left nothing.
func clearRun(dir string) error {
	j, err := journal.Read(dir)
	if err != nil || journal.Live(dir) || !j.Finished() || len(j.Open()) > 0 {
		return nil //nolint:nilerr // starting the journal there explains what is in the way
	}
	if err := os.Remove(filepath.Join(dir, "journal.jsonl")); err != nil {
		return err
	}
	return os.RemoveAll(attachDir(dir))
}
