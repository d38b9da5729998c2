package place

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// lockRetry is how often a lock that someone else holds is tried again.
const lockRetry = 50 * time.Millisecond

// Lock is a lock that the kernel gives back when its holder dies, however it dies: no process id is compared, so
// neither a reused id nor a reboot can make a dead sandbox look alive.
type Lock struct {
	file *os.File
	path string
}

// TryAlive takes the lock that the supervisor holds for its whole life. It returns nil if a supervisor is alive.
func (p Place) TryAlive() (*Lock, error) { return p.try("alive") }

// Change takes the lock under which a sandbox is brought up and taken down, waiting for others who are at it.
func (p Place) Change(ctx context.Context) (*Lock, error) {
	ticker := time.NewTicker(lockRetry)
	defer ticker.Stop()
	for {
		lock, err := p.try("change")
		if err != nil || lock != nil {
			return lock, err
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("another process is bringing sandbox %q up or down and has not finished: %w", p.Name, context.Cause(ctx))
		case <-ticker.C:
		}
	}
}

// Alive says whether a supervisor of this sandbox is alive.
func (p Place) Alive() (bool, error) {
	lock, err := p.TryAlive()
	if err != nil || lock == nil {
		return err == nil, err
	}
	return false, lock.Release()
}

func (p Place) try(kind string) (*Lock, error) {
	path := filepath.Join(p.root, p.Name+"."+kind)
	if err := os.MkdirAll(p.root, folderMode); err != nil {
		return nil, fmt.Errorf("make the folder of the sandboxes: %w", err)
	}
	for {
		lock, replaced, err := p.tryOnce(path)
		if !replaced {
			return lock, err
		}
	}
}

// tryOnce also tells whether the holder before us has removed the file between our opening and our locking: what we
// have locked is then not the lock any more.
func (p Place) tryOnce(path string) (lock *Lock, replaced bool, err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, fileMode)
	if err != nil {
		return nil, false, fmt.Errorf("open the lock of sandbox %q: %w", p.Name, err)
	}
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, false, file.Close()
	}
	if err != nil {
		return nil, false, errors.Join(fmt.Errorf("lock sandbox %q: %w", p.Name, err), file.Close())
	}
	if !samePath(file, path) {
		return nil, true, file.Close()
	}
	return &Lock{file: file, path: path}, false, nil
}

// Release removes the lock's file and gives the lock back.
func (l *Lock) Release() error {
	return errors.Join(os.Remove(l.path), l.file.Close())
}

func samePath(file *os.File, path string) bool {
	mine, err := file.Stat()
	if err != nil {
		return false
	}
	there, err := os.Stat(path)
	return err == nil && os.SameFile(mine, there)
}
