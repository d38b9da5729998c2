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

// Pauses returns how long to wait until a process has run the code of its start: little on an idle machine, and once
// more for a busy one.
// After that, what was needed only for a while is given back every half minute.
func Pauses() []time.Duration {
	return []time.Duration{3 * time.Second, 9 * time.Second, 30 * time.Second}
}

// Watch gives back pages, each time after the next of the pauses; the last pause is repeated until the context ends.
func Watch(ctx context.Context, pauses []time.Duration) {
	for {
		timer := time.NewTimer(pauses[0])
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
		if err := ReleaseCode(); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		if len(pauses) > 1 {
			pauses = pauses[1:]
		}
	}
}
