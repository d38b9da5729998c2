//go:build unix

package postgres

import (
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// quit makes the server end without waiting for anything.
const quit = syscall.SIGQUIT

// account is the user that the server runs as; the zero account is the present one.
type account struct {
	user, group uint32
	other       bool
}

// ordinary returns the present user, or one without rights for root, as whom PostgreSQL refuses to run.
func ordinary() (account, error) {
	if os.Getuid() != 0 {
		return account{}, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		found, err := user.Lookup(name)
		if err != nil {
			continue
		}
		id, idErr := strconv.ParseUint(found.Uid, 10, 32)
		group, groupErr := strconv.ParseUint(found.Gid, 10, 32)
		if idErr == nil && groupErr == nil {
			return account{user: uint32(id), group: uint32(group), other: true}, nil
		}
	}
	return account{}, fmt.Errorf("PostgreSQL does not run as root, and there is no user postgres or nobody; make one of them")
}

// own gives a folder and what is in it to the account.
func (a account) own(dir string) error {
	if !a.other {
		return nil
	}
	return filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, int(a.user), int(a.group))
	})
}
