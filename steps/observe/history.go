package observe

import (
	"fmt"
	"time"
)

// maxHistory is how many looks are remembered: the first one and the newest.
const maxHistory = 8

// History remembers how a value came to be what it is: the first look and the newest ones. The zero value is ready.
type History struct {
	Start   time.Time // times are shown relative to it
	looks   []Look
	skipped int
}

// Add remembers a look.
func (h *History) Add(l Look) {
	if len(h.looks) < maxHistory {
		h.looks = append(h.looks, l)
		return
	}
	h.skipped++
	copy(h.looks[1:], h.looks[2:])
	h.looks[maxHistory-1] = l
}

// Lines writes the history, oldest first, with what describe says of each look; looks of which it says the same as
// before are left out. There is no history of a value that never changed.
func (h *History) Lines(describe func(Look) string) []string {
	var lines []string
	before := ""
	for i, l := range h.looks {
		if i == 1 && h.skipped > 0 {
			lines = append(lines, fmt.Sprintf("… %s …", plural(h.skipped, "look")))
		}
		now := describe(l)
		if now == before && i > 0 {
			continue
		}
		before = now
		version := ""
		if l.ResourceVersion != "" {
			version = "  rv " + l.ResourceVersion
		}
		lines = append(lines, fmt.Sprintf("+%s%s  %s", Span(max(0, l.At.Sub(h.Start)).Round(time.Millisecond)), version, now))
	}
	if len(lines) < 2 {
		return nil
	}
	return lines
}
