package journal

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/scenario-runner/scenario-runner/engine/diag"
)

const pointerSuffix = ".pointer"

// Store is where the run directories of a user are.
type Store struct {
	Root string
}

// RunDir is the directory of one run.
type RunDir struct {
	ID  string
	Dir string
	// Pointed says that the directory was chosen with --run-dir: it lies outside the store and is never removed by it.
	Pointed bool
}

// Live reports whether the run is going on.
func (r RunDir) Live() bool { return Live(r.Dir) }

// DefaultRoot returns the folder of run directories: scenario-runner/runs under $XDG_STATE_HOME or ~/.local/state.
func DefaultRoot(getenv func(string) string) (string, error) {
	state := getenv("XDG_STATE_HOME")
	if !filepath.IsAbs(state) { // a relative one is to be ignored, as its specification says
		home := cmp.Or(getenv("HOME"), getenv("USERPROFILE"))
		if home == "" {
			return "", errors.New("no place for the records of runs: neither XDG_STATE_HOME nor HOME is set; set one or use --run-dir")
		}
		state = filepath.Join(home, ".local", "state")
	}
	return filepath.Join(state, "scenario-runner", "runs"), nil
}

// Create starts the journal of the run id. It lies in dir when that is given, else in a directory of the store; either
// way List and Find know it from then on.
func (s Store) Create(id, dir string, o Options) (*Writer, error) {
	if !isRunID(id) {
		return nil, fmt.Errorf("run id %q: expected lower-case letters, digits and inner dashes, at most 63", id)
	}
	if err := os.MkdirAll(s.Root, 0o700); err != nil {
		return nil, err
	}
	if dir == "" {
		return Create(filepath.Join(s.Root, id), o)
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	w, err := Create(dir, o)
	if err != nil {
		return nil, err
	}
	if err := s.point(id, dir); err != nil {
		return nil, errors.Join(err, w.Close())
	}
	return w, nil
}

// point makes a run that lies elsewhere known to the store, durably: without it nobody would find what a dead run left.
func (s Store) point(id, dir string) error {
	file, err := os.OpenFile(s.pointer(id), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = file.WriteString(dir + "\n")
	return errors.Join(err, file.Sync(), file.Close(), syncDir(s.Root))
}

func (s Store) pointer(id string) string { return filepath.Join(s.Root, id+pointerSuffix) }

// List returns the runs, newest first.
func (s Store) List() ([]RunDir, error) {
	entries, err := os.ReadDir(s.Root)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var runs []RunDir
	for _, entry := range entries {
		if run, ok := s.run(entry); ok {
			runs = append(runs, run)
		}
	}
	slices.SortFunc(runs, func(a, b RunDir) int { return strings.Compare(b.ID, a.ID) })
	return runs, nil
}

// run returns the run that an entry of the root stands for.
func (s Store) run(entry os.DirEntry) (RunDir, bool) {
	r := RunDir{ID: entry.Name(), Dir: filepath.Join(s.Root, entry.Name())}
	if !entry.IsDir() {
		id, pointed := strings.CutSuffix(entry.Name(), pointerSuffix)
		data, err := os.ReadFile(r.Dir)
		if !pointed || err != nil {
			return r, false
		}
		r = RunDir{ID: id, Dir: strings.TrimSuffix(string(data), "\n"), Pointed: true}
	}
	if !isRunID(r.ID) {
		return r, false
	}
	_, err := os.Stat(filepath.Join(r.Dir, fileName))
	return r, err == nil
}

// Find returns the run with this id.
func (s Store) Find(id string) (RunDir, error) {
	runs, err := s.List()
	if err != nil {
		return RunDir{}, err
	}
	ids := make([]string, len(runs))
	for i, run := range runs {
		if run.ID == id {
			return run, nil
		}
		ids[i] = run.ID
	}
	if len(ids) == 0 {
		return RunDir{}, fmt.Errorf("no run %q: there are no runs in %s", id, s.Root)
	}
	return RunDir{}, fmt.Errorf("no run %q in %s%s", id, s.Root, diag.DidYouMean(id, ids))
}

// makeDir makes dir, private to the user, and its name durable.
func makeDir(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return syncDir(filepath.Dir(dir))
}
