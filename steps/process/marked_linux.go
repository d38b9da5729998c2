package process

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

// marked returns the processes that carry a mark. Each one is held by a file descriptor of the kernel before its
// environment is read, so that a signal can't reach another process that got its number meanwhile.
func marked(mark string) ([]*os.Process, error) {
	folders, err := os.ReadDir("/proc")
	if err != nil {
		return nil, fmt.Errorf("the running processes can't be listed: %w", err)
	}
	var found []*os.Process
	for _, f := range folders {
		pid, err := strconv.Atoi(f.Name())
		if err != nil {
			continue
		}
		p, err := os.FindProcess(pid)
		if err != nil {
			continue
		}
		if carries(pid, mark) {
			found = append(found, p)
		} else {
			_ = p.Release()
		}
	}
	return found, nil
}

// carries reads the environment that a process was started with. That of other users can't be read, nor could they be
// ended. A process that has ended has none any more.
func carries(pid int, mark string) bool {
	environ, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "environ"))
	if err != nil {
		return false
	}
	entry := []byte(markVariable + "=" + mark)
	for e := range bytes.SplitSeq(environ, []byte{0}) {
		if bytes.Equal(e, entry) {
			return true
		}
	}
	return false
}
