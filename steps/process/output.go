package process

import (
	"bytes"
	"strings"
	"sync"
)

const (
	// longestLine is how much of a line OnLine sees. A program that writes without ever ending a line must not fill the memory.
	longestLine = 64 << 10
	// shownLine is how much of a line is shown to people.
	shownLine = 500
)

// Output keeps the end of what a program writes and passes on each complete line. It is safe for concurrent use.
type Output struct {
	limit  int
	onLine func(line string)

	mu      sync.Mutex
	kept    []byte
	dropped int64
	partial []byte
}

// NewOutput returns an output that keeps the last limit bytes. onLine, when not nil, is called with each line, never
// concurrently; it must not block.
func NewOutput(limit int, onLine func(line string)) *Output {
	return &Output{limit: limit, onLine: onLine}
}

// Write keeps p. It never fails.
func (o *Output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.keep(p)
	if o.onLine != nil {
		o.lines(p)
	}
	return len(p), nil
}

// keep appends p. The buffer may grow to twice the limit, so that its end is moved once in a while instead of each time.
func (o *Output) keep(p []byte) {
	o.kept = append(o.kept, p...)
	if len(o.kept) > 2*o.limit {
		o.trim()
	}
}

func (o *Output) trim() {
	if over := len(o.kept) - o.limit; over > 0 {
		o.dropped += int64(over)
		o.kept = append(o.kept[:0], o.kept[over:]...)
	}
}

func (o *Output) lines(p []byte) {
	for {
		line, rest, found := bytes.Cut(p, []byte("\n"))
		if room := longestLine - len(o.partial); room > 0 {
			o.partial = append(o.partial, line[:min(room, len(line))]...)
		}
		if !found {
			return
		}
		o.onLine(strings.TrimSuffix(string(o.partial), "\r"))
		o.partial = o.partial[:0]
		p = rest
	}
}

// Bytes returns what is kept, and how many bytes before it were dropped.
func (o *Output) Bytes() (kept []byte, dropped int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.trim()
	return bytes.Clone(o.kept), o.dropped
}

// Tail returns the last n lines, shortened for people.
func (o *Output) Tail(n int) []string {
	kept, _ := o.Bytes()
	text := strings.TrimRight(string(kept), "\r\n")
	if text == "" {
		return nil
	}
	lines := strings.Split(text, "\n")
	lines = lines[max(0, len(lines)-n):]
	for i, line := range lines {
		line = strings.TrimSuffix(line, "\r")
		if r := []rune(line); len(r) > shownLine {
			line = string(r[:shownLine]) + "…"
		}
		lines[i] = line
	}
	return lines
}
