package report

import (
	"io"
	"slices"
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"
)

const (
	redrawInterval    = 100 * time.Millisecond
	heartbeatInterval = 30 * time.Second
)

// screen lets lasting lines and a region that is redrawn share a terminal: lines are printed above the region. Its
// caller holds a lock around all calls.
type screen struct {
	out, err io.Writer
	paint    paint // of err
	size     func() (width, height int, ok bool)
	region   []string // lines of the region on err at the moment
	frozen   bool     // no region is drawn any more
	failure  error    // of the first write to out that failed
}

// isLive says whether err is a terminal that a region can be drawn on.
func (s *screen) isLive() bool {
	if s.size == nil {
		return false
	}
	_, _, ok := s.size()
	return ok
}

// print writes lasting text to w, which is out or err.
func (s *screen) print(w io.Writer, text string) {
	region := s.region
	s.erase()
	if _, err := io.WriteString(w, text); err != nil && w == s.out && s.failure == nil {
		s.failure = err
	}
	s.draw(region)
}

// draw puts lines in place of the region that is there, unless they are the same. Each line is written over the one that
// was there before the rest is cleared: no moment shows nothing, and a terminal that keeps what is cleared keeps nothing.
func (s *screen) draw(lines []string) {
	if s.frozen || slices.Equal(lines, s.region) {
		return
	}
	text := s.top()
	for _, line := range lines {
		text += line + clearLine + "\n"
	}
	s.region = lines
	// Progress that can't be shown is no reason to fail, and there is nowhere to say it.
	_, _ = io.WriteString(s.err, text+clearRest)
}

func (s *screen) erase() { s.draw(nil) }

// freeze ends the drawing for good.
func (s *screen) freeze() { s.frozen = true }

// What a terminal is told.
const (
	cursorUp  = "\x1b[A"
	clearLine = "\x1b[K" // from the cursor on
	clearRest = "\x1b[J" // of the screen, from the cursor on
)

// top moves the cursor to the first line of the region. The region ends with a line end, so the cursor stands below it.
func (s *screen) top() string {
	if len(s.region) == 0 {
		return ""
	}
	return strings.Repeat(cursorUp, s.rows()) + "\r"
}

// rows is how many rows of the terminal the region takes: a terminal that was made narrower has wrapped its lines.
func (s *screen) rows() int {
	width, height, ok := s.size()
	if !ok {
		return len(s.region)
	}
	rows := 0
	for _, line := range s.region {
		rows += max(1, (ansi.StringWidth(line)+width-1)/width)
	}
	return max(min(rows, height-spareLines), len(s.region))
}

// pulse calls a function at intervals.
type pulse struct {
	quit chan struct{}
	done chan struct{}
}

func startPulse(interval time.Duration, beat func()) *pulse {
	p := &pulse{quit: make(chan struct{}), done: make(chan struct{})}
	go p.run(interval, beat)
	return p
}

func (p *pulse) run(interval time.Duration, beat func()) {
	defer close(p.done)
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			beat()
		case <-p.quit:
			return
		}
	}
}

// stop ends the calls and waits for the last one. A nil pulse has none.
func (p *pulse) stop() {
	if p == nil {
		return
	}
	close(p.quit)
	<-p.done
}
