//go:build !linux && !windows

package process

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
)

// marked returns the processes that carry a mark, as far as ps shows their environment.
func marked(mark string) ([]*os.Process, error) {
	list, err := exec.Command("ps", "-A", "-E", "-ww", "-o", "pid=,command=").Output()
	if err != nil {
		return nil, fmt.Errorf("the running processes can't be listed: %w", err)
	}
	var found []*os.Process
	for line := range strings.SplitSeq(string(list), "\n") {
		if !strings.Contains(line, " "+markVariable+"="+mark) {
			continue
		}
		number, _, _ := strings.Cut(strings.TrimSpace(line), " ")
		pid, err := strconv.Atoi(number)
		if err != nil {
			continue
		}
		if p, err := os.FindProcess(pid); err == nil {
			found = append(found, p)
		}
	}
	return found, nil
}
