package supervise

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"strconv"
	"syscall"
)

// errRoot says that the databases can't be served by the present user.
var errRoot = errors.New("PostgreSQL does not run as root, and there is no user postgres or nobody; make one of them")

// ordinaryAccount returns a user without rights for programs that refuse to run as root, nil when the present one is such
// a user.
func ordinaryAccount() (*syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil //nolint:nilnil // nothing has to change
	}
	for _, name := range []string{"postgres", "nobody"} {
		found, err := user.Lookup(name)
		if err != nil {
			continue
		}
		id, idErr := strconv.ParseUint(found.Uid, 10, 32)
		group, groupErr := strconv.ParseUint(found.Gid, 10, 32)
		if idErr == nil && groupErr == nil {
			return &syscall.Credential{Uid: uint32(id), Gid: uint32(group)}, nil
		}
	}
	return nil, errRoot
}

// reach is how a program of another user finds files of a sandbox, whose folders are for its own user alone: by descriptors
// that it is given.
type reach struct {
	direct bool // the program is the present user's, and finds them by their paths
	first  int  // number of the first descriptor
	files  []*os.File
}

// path returns the path by which the program finds a file or a folder.
func (r *reach) path(name string) (string, error) {
	if r.direct {
		return name, nil
	}
	file, err := os.Open(name)
	if err != nil {
		return "", fmt.Errorf("open what another user is to find: %w", err)
	}
	r.files = append(r.files, file)
	return fmt.Sprintf("/proc/self/fd/%d", r.first+len(r.files)-1), nil
}

// close closes the descriptors of this process; the program has its own by then.
func (r *reach) close() {
	for _, file := range r.files {
		_ = file.Close() // nothing was written
	}
}
