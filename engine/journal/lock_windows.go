package journal

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// lockFile locks file without waiting, for itself alone or shared with other readers.
func lockFile(file *os.File, exclusive bool) error {
	flags := uint32(windows.LOCKFILE_FAIL_IMMEDIATELY)
	if exclusive {
		flags |= windows.LOCKFILE_EXCLUSIVE_LOCK
	}
	err := windows.LockFileEx(windows.Handle(file.Fd()), flags, 0, 1, 0, new(windows.Overlapped))
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return errHeld
	}
	return err
}

// syncDir does nothing: this system makes directory entries durable itself.
func syncDir(string) error { return nil }
