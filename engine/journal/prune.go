package journal

import (
	"errors"
	"fmt"
	"os"
)

// Prune removes runs that nobody needs any more and returns their ids. It keeps the newest keep of them, every run that
// is going on, every run that left something to take back, and every journal that it can't read. Of a run whose
// directory was chosen with --run-dir only the store's knowledge goes, not the directory.
func (s Store) Prune(keep int) ([]string, error) {
	runs, err := s.List()
	if err != nil {
		return nil, err
	}
	var removed []string
	var problems []error
	for _, run := range runs {
		if !removable(run) {
			continue
		}
		if keep > 0 {
			keep--
			continue
		}
		if err := s.remove(run); err != nil {
			problems = append(problems, fmt.Errorf("run %s: %w", run.ID, err))
			continue
		}
		removed = append(removed, run.ID)
	}
	return removed, errors.Join(problems...)
}

// removable says whether a run is over with nothing left. A dead run counts as over: with nothing to take back there is
// nothing to do for it. An empty journal may be that of a run which is just starting.
func removable(run RunDir) bool {
	if run.Live() {
		return false
	}
	j, err := Read(run.Dir)
	return err == nil && len(j.Events) > 0 && len(j.Open()) == 0
}

// remove holds the lock meanwhile, so that no cleanup starts to work on what disappears.
func (s Store) remove(run RunDir) error {
	lock, err := acquire(run.Dir)
	if err != nil {
		return err
	}
	if run.Pointed {
		return errors.Join(os.Remove(s.pointer(run.ID)), lock.Close())
	}
	return errors.Join(os.RemoveAll(run.Dir), lock.Close())
}
