package footprint

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
)

// Resident returns the memory of a process that is resident, in bytes, or 0 if the system doesn't tell.
func Resident(pid int) int64 {
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return residentByCommand(pid)
	}
	for line := range strings.Lines(string(content)) {
		value, found := strings.CutPrefix(line, "VmRSS:")
		if !found {
			continue
		}
		kibibytes, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(value), "kB")), 10, 64)
		if err != nil {
			return 0
		}
		return kibibytes * 1024
	}
	return 0
}

// residentByCommand asks ps, for systems without /proc.
func residentByCommand(pid int) int64 {
	output, err := exec.Command("ps", "-o", "rss=", "-p", strconv.Itoa(pid)).Output()
	if err != nil {
		return 0
	}
	kibibytes, err := strconv.ParseInt(strings.TrimSpace(string(output)), 10, 64)
	if err != nil {
		return 0
	}
	return kibibytes * 1024
}
