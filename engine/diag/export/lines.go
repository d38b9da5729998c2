package export

import (
	"fmt"
	"io"

	"github.com/scenario-runner/scenario-runner/engine/diag"
)

// Lines writes one line for each error, without excerpts; warnings are left out.
func Lines(w io.Writer, r Result) error {
	for _, d := range r.Diagnostics.Sorted() {
		if d.Severity != diag.Error {
			continue
		}
		if _, err := fmt.Fprintln(w, d.Error()); err != nil {
			return err
		}
	}
	return nil
}
