package observe

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	// maxLines is how many matching lines are kept; older ones are dropped.
	maxLines = 10_000
	// lastLines is how many lines are shown as evidence, matching or not.
	lastLines = 10
)

// lines collects what containers log. It is safe for concurrent use.
type lines struct {
	feed *logsFeed

	mu      sync.Mutex
	kept    []any
	dropped int
	last    []string // the newest ones, matching or not
	total   int
}

// add takes over one line as the API sends it, with its time in front, and reports whether it counts.
func (l *lines) add(from container, raw string) bool {
	at, text := splitTime(raw)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.total++
	l.last = append(l.last, fmt.Sprintf("%s/%s: %s", from.pod, from.name, shorten(text, 300)))
	l.last = l.last[max(0, len(l.last)-lastLines):]
	groups := map[string]any{}
	if match := l.feed.match; match != nil {
		found := match.FindStringSubmatch(text)
		if found == nil {
			return false
		}
		for i, name := range match.SubexpNames() {
			if name != "" {
				groups[name] = found[i]
			}
		}
	}
	l.kept = append(l.kept, map[string]any{
		"text": text, "pod": from.pod, "container": from.name, "at": at, "groups": groups,
	})
	if over := len(l.kept) - maxLines; over > 0 {
		l.kept = slices.Delete(l.kept, 0, over)
		l.dropped += over
	}
	return true
}

// addText takes over a whole log.
func (l *lines) addText(from container, text []byte) {
	for line := range strings.Lines(string(text)) {
		l.add(from, strings.TrimRight(line, "\r\n"))
	}
}

// splitTime separates the time that the API puts in front of a line.
func splitTime(raw string) (time.Time, string) {
	stamp, text, _ := strings.Cut(raw, " ")
	at, err := time.Parse(time.RFC3339Nano, stamp)
	if err != nil {
		return time.Time{}, raw
	}
	return at, text
}

// look returns what was collected so far.
func (l *lines) look() Look {
	l.mu.Lock()
	defer l.mu.Unlock()
	items := slices.Clone(l.kept)
	if items == nil {
		items = []any{}
	}
	total, dropped, last := l.total, l.dropped, slices.Clone(l.last)
	return Look{Value: items, Items: items, At: time.Now(), evidence: last, describe: func() string {
		text := fmt.Sprintf("%s: %s of %d", l.feed.name, plural(len(items), "line"), total)
		if dropped > 0 {
			text += fmt.Sprintf(" (%d older ones were dropped)", dropped)
		}
		if len(last) > 0 {
			text += "; the last one was " + last[len(last)-1]
		}
		return text
	}}
}
