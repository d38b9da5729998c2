// Package footprint keeps the memory of a sandbox small. All its processes are one program whose packages are all
// initialized in every process, so each of them maps tens of megabytes of code and tables at its start that it never
// looks at again. This package gives them back; it doesn't touch memory that the program has written to.
package footprint

import (
	"context"
	"fmt"
	"os"
	"time"
)

// Moments returns when a process has run the code of its start: soon on an idle machine, and once more for a busy one.
func Moments() []time.Duration {
	return []time.Duration{3 * time.Second, 12 * time.Second}
}

// Watch gives back the pages of the start at the given moments from now, until the context ends.
func Watch(ctx context.Context, moments []time.Duration) {
	began := time.Now()
	for _, moment := range moments {
		timer := time.NewTimer(moment - time.Since(began))
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
		if err := ReleaseCode(); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}
}
