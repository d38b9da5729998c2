package journal

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

const (
	lockName = "lock"
	// A look by Live holds a shared lock for some microseconds, so one refusal does not prove that the run is alive.
	lockAttempts = 20
	lockPause    = 5 * time.Millisecond
)

// errHeld says that another process holds the lock.
var errHeld = errors.New("lock is held")

// Live reports whether the process that writes the journal in dir still exists. The system drops the lock of a process
// that was killed.
func Live(dir string) bool {
	file, err := os.Open(filepath.Join(dir, lockName))
	if err != nil {
		return false
	}
	err = lockFile(file, false)
	return errors.Join(err, file.Close()) != nil && errors.Is(err, errHeld)
}

// acquire takes the lock of dir; closing the file gives it back.
func acquire(dir string) (*os.File, error) {
	file, err := os.OpenFile(filepath.Join(dir, lockName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	for attempt := 1; ; attempt++ {
		err = lockFile(file, true)
		if err == nil {
			return file, nil
		}
		if !errors.Is(err, errHeld) || attempt == lockAttempts {
			break
		}
		<-time.NewTimer(lockPause).C
	}
	if errors.Is(err, errHeld) {
		err = fmt.Errorf("the run in %s is still going on; wait for it or stop it first", dir)
	}
	return nil, errors.Join(err, file.Close())
}
