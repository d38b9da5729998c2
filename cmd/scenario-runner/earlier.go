package main

import (
	"fmt"
	"io"

	"github.com/scenario-runner/scenario-runner/engine/journal"
)

// mostEarlier is how many of the newest runs are asked whether they left something behind.
const mostEarlier = 50

// warnOfEarlier names runs of this machine that were killed and never cleaned up: what they changed may still stand on the
// cluster, and may be what a scenario finds there.
func warnOfEarlier(w io.Writer) {
	st, err := store()
	if err != nil {
		return
	}
	runs, err := st.List()
	if err != nil {
		return
	}
	for _, r := range runs[:min(len(runs), mostEarlier)] {
		if r.Ended() || r.Live() {
			continue
		}
		j, err := journal.Read(r.Dir)
		if err != nil {
			continue
		}
		if open, _ := goneWithSandbox(j, j.Open()); len(open) > 0 {
			fmt.Fprintf(w, "warning: run %s was killed and left %s behind; scenario-runner cleanup --run %s takes them back\n", r.ID, plural(len(open), "change"), r.ID)
		}
	}
}
