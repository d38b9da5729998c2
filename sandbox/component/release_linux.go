package component

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"
)

// settled is when a component has run its initialization code.
const settled = 3 * time.Second

// releaseCode gives back the pages of the program file that only the start has needed. All components are one program
// whose packages are all initialized in every process, so without this each of them keeps tens of megabytes of code
// mapped that it will never run again. Whatever is needed later is mapped again from the page cache.
func releaseCode() {
	time.AfterFunc(settled, func() {
		if err := releaseCodeNow(); err != nil {
			fmt.Fprintf(os.Stderr, "release the code of the start: %v\n", err)
		}
	})
}

func releaseCodeNow() error {
	executable, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return err
	}
	file, err := os.Open("/proc/self/smaps")
	if err != nil {
		return err
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
		dirty, found := strings.CutPrefix(line, "Private_Dirty:")
		// Only pages that are the same in the file may be dropped.
		if found && region.end > region.start && strings.TrimSpace(dirty) == "0 kB" {
			_, _, code := syscall.Syscall(syscall.SYS_MADVISE, region.start, region.end-region.start, syscall.MADV_DONTNEED)
			if code != 0 {
				return code
			}
			region = mapping{}
		}
	}
	return lines.Err()
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
