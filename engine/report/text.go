package report

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/journal"
)

// text is the report for people. Each scenario that ends becomes a line, and a block of lines when it is not green; the
// end repeats what went wrong and counts. What goes on is shown on standard error: redrawn in place on a terminal, as a
// sign of life from time to time elsewhere.
type text struct {
	writer
	out    io.Writer // nil shows progress only
	screen *screen
	pulse  *pulse // nil when the text goes to a file

	mu       sync.Mutex
	summary  *journal.Summary
	repeat   bool // something was printed after a failure was explained
	failures int
	ended    bool
}

func openText(out io.Writer, o Options, toStdout bool) Sink {
	t := &text{out: out, summary: &journal.Summary{}}
	t.writer = writer{options: o, paint: paint{on: o.Color == Always}}
	t.screen = &screen{out: out, err: io.Discard, size: func() (int, int, bool) { return 0, 0, false }}
	if toStdout {
		t.paint = o.paintFor(o.Stdout)
		t.showProgress(o)
	}
	return t
}

// openProgress shows progress only, beside a report on standard output that people don't read.
func openProgress(o Options) *text {
	t := &text{summary: &journal.Summary{}, writer: writer{options: o}}
	t.screen = &screen{out: io.Discard}
	t.showProgress(o)
	return t
}

func (t *text) showProgress(o Options) {
	t.screen.err, t.screen.size = o.Stderr, o.terminal
	t.screen.paint = o.paintFor(o.Stderr)
	if _, _, ok := o.terminal(); ok {
		t.pulse = startPulse(redrawInterval, t.redraw)
	} else {
		t.pulse = startPulse(heartbeatInterval, t.heartbeat)
	}
}

// Event takes the next event.
func (t *text) Event(e journal.Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e = cleanEvent(e)
	t.summary.Apply(e)
	switch e.Kind {
	case journal.RunStarted:
		t.note(t.opening())
	case journal.ScenarioStarted:
		if s := t.summary.Scenario(e.Scenario); s != nil && len(s.Attempts) > 0 {
			t.note("running " + oneLine(s.Info.Name) + " again: " + count(len(s.Attempts), "attempt") + " did not pass")
		}
	case journal.ScenarioWaits:
		t.note(oneLine(e.Message))
	case journal.StepFinished:
		t.step(e)
	case journal.ScenarioFinished:
		t.scenario(t.summary.Scenario(e.Scenario))
	case journal.RunInterrupted:
		t.note("stopping: " + oneLine(e.Message))
	case journal.Logged:
		if t.options.Verbose {
			t.note(oneLine(e.Message))
		}
	case journal.RunFinished:
		t.end()
	}
}

// Close writes the end of a run that has none.
func (t *text) Close() error {
	t.pulse.stop()
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.ended {
		for _, s := range settle(t.summary) {
			t.scenario(s)
		}
		t.end()
	}
	return t.screen.failure
}

func (t *text) opening() string {
	run := t.summary.Run
	line := "running " + count(run.Scenarios, "scenario")
	if run.Scenarios > 1 && run.Parallel > 1 {
		line += fmt.Sprintf(", %d at a time", min(run.Parallel, run.Scenarios))
	}
	return line + " (run " + run.ID + ")"
}

// step prints a step of a verbose run at once where nothing else shows it.
func (t *text) step(e journal.Event) {
	if !t.streamsSteps() {
		return
	}
	s := t.summary.Scenario(e.Scenario)
	for _, st := range s.Steps {
		if st.ID == e.Step {
			t.print(indent + oneLine(s.Info.Name) + t.faint(" › ") + t.stepLine(st, st.ID) + "\n")
		}
	}
}

// streamsSteps says that steps are printed when they end; on a terminal the live display shows them, and they are
// printed together with their scenario.
func (t *text) streamsSteps() bool {
	return t.options.Verbose && !t.screen.isLive()
}

func (t *text) scenario(s *journal.ScenarioSummary) {
	var b strings.Builder
	b.WriteString(t.headline(s) + "\n")
	green := isGreen(s.Verdict())
	// One cause names its step itself; the steps that passed are no news.
	listed := (t.options.Verbose || !green && len(causes(s.Steps)) > 1) && !t.streamsSteps()
	if listed {
		b.WriteString(t.stepList(s))
	}
	if !green {
		b.WriteString(t.failure(s, listed))
	}
	t.repeat = t.repeat || t.failures > 0
	if !green {
		t.failures++
	}
	t.print(b.String())
	if green && len(excused(s.Steps)) == 0 {
		s.Forget() // a run of thousands of scenarios must not keep them all
	}
}

// end prints what a reader of the last screen must know.
func (t *text) end() {
	t.ended = true
	t.screen.erase()
	t.print(t.closing(t.summary, t.repeat))
	t.screen.freeze()
}

func (t *text) print(s string) {
	if t.out != nil {
		t.screen.print(t.screen.out, s)
	}
}

// note prints a line of progress.
func (t *text) note(line string) {
	t.screen.print(t.screen.err, t.screen.paint.faint(line)+"\n")
}

func (t *text) redraw() {
	t.mu.Lock()
	defer t.mu.Unlock()
	width, height, ok := t.screen.size()
	if !ok || t.ended || t.summary.Started.IsZero() {
		return
	}
	t.screen.draw(liveLines(t.screen.paint, t.summary, time.Now(), width, height))
}

func (t *text) heartbeat() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ended {
		return
	}
	for _, line := range stillWaiting(t.summary, time.Now()) {
		t.note(line)
	}
}
