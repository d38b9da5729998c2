package footprint

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"syscall"
)

// ReleaseCode gives back the pages of the program file that only the start has needed. Whatever is needed later is
// mapped again from the page cache.
func ReleaseCode() error {
	executable, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	file, err := os.Open("/proc/self/smaps")
	if err != nil {
		return fmt.Errorf("read the memory map: %w", err)
	}
	defer file.Close()
	var region mapping
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		line := lines.Text()
		if next, ok := parseMapping(line, executable); ok {
			region = next
			continue
		}
		changed, found := strings.CutPrefix(line, "Anonymous:")
		// Only pages that are the same in the file may be dropped.
		if found && region.end > region.start && strings.TrimSpace(changed) == "0 kB" {
			_, _, code := syscall.Syscall(syscall.SYS_MADVISE, region.start, region.end-region.start, syscall.MADV_DONTNEED)
			if code != 0 {
				return fmt.Errorf("give back the code of the start: %w", code)
			}
			region = mapping{}
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("read the memory map: %w", err)
	}
	return nil
}

// mapping is a region of memory.
type mapping struct{ start, end uintptr }

// parseMapping reads the first line of a region. Regions that aren't read-only views of the program are empty.
func parseMapping(line, executable string) (mapping, bool) {
	var start, end uintptr
	var mode string
	if _, err := fmt.Sscanf(line, "%x-%x %4s", &start, &end, &mode); err != nil {
		return mapping{}, false
	}
	if !strings.HasSuffix(line, " "+executable) || strings.Contains(mode, "w") || !strings.HasSuffix(mode, "p") {
		return mapping{}, true
	}
	return mapping{start: start, end: end}, true
}
