package journal

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// Create makes the run directory dir, locks it and starts its journal. Prefer Store.Create, which lets cleanup find it.
func Create(dir string, o Options) (*Writer, error) {
	if err := makeDir(dir); err != nil {
		return nil, err
	}
	lock, err := acquire(dir)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, fileName)
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		err = fmt.Errorf("%s already holds the journal of a run; choose an empty directory for this one", dir)
	}
	if err == nil {
		err = syncDir(dir)
	}
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return newWriter(dir, file, lock, o), nil
}

// Reopen goes on with the journal of a run that is over or dead. It fails when the run is still going on.
func Reopen(dir string, o Options) (*Writer, error) {
	path := filepath.Join(dir, fileName)
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("%s holds no journal of a run: %w", dir, err)
	}
	lock, err := acquire(dir)
	if err != nil {
		return nil, err
	}
	w, err := reopen(dir, path, lock, o)
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return w, nil
}

func reopen(dir, path string, lock *os.File, o Options) (*Writer, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	parsed, err := parse(file)
	if err == nil {
		err = mend(file, parsed)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), file.Close())
	}
	w := newWriter(dir, file, lock, o)
	w.size = parsed.good
	if n := len(parsed.events); n > 0 {
		w.sequence = parsed.events[n-1].Sequence
	}
	return w, nil
}

// mend cuts a torn last line off, or ends one that only lacks its line end.
func mend(file *os.File, parsed *parsed) error {
	if err := file.Truncate(parsed.good); err != nil {
		return err
	}
	if !parsed.unterminated {
		return nil
	}
	n, err := file.WriteString("\n")
	parsed.good += int64(n)
	return err
}

func newWriter(dir string, file, lock *os.File, o Options) *Writer {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Masker == nil {
		o.Masker = new(Masker)
	}
	return &Writer{
		dir: dir, clock: o.Clock, masker: o.Masker, file: file, lock: lock,
		commits: newCommitter(file.Sync), written: map[stepKey]time.Time{},
	}
}
