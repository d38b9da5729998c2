package run

import (
	"strings"
	"time"
)

// length writes a duration as an author would: 2m, not 2m0s.
func length(d time.Duration) string {
	if d > time.Second {
		d = d.Round(time.Millisecond)
	}
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
