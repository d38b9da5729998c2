package report

import (
	"io"

	"github.com/scenario-runner/scenario-runner/engine/journal"
)

// quiet says nothing but what is not green and what was left behind.
type quiet struct {
	writer
	out     io.Writer
	summary *journal.Summary
	broken  error // of the first write that failed
}

func openQuiet(out io.Writer, o Options, toStdout bool) Sink {
	q := &quiet{writer: writer{options: o, paint: paint{on: o.Color == Always}}, out: out, summary: &journal.Summary{}}
	if toStdout {
		q.paint = o.paintFor(o.Stdout)
	}
	return q
}

// Event takes the next event.
func (q *quiet) Event(e journal.Event) {
	q.summary.Apply(cleanEvent(e))
	if e.Kind != journal.ScenarioFinished {
		return
	}
	s := q.summary.Scenario(e.Scenario)
	if !isGreen(s.Verdict()) {
		q.print(q.headline(s) + "\n" + q.failure(s, false))
	}
	s.Forget()
}

// Close says what was left.
func (q *quiet) Close() error {
	for _, s := range settle(q.summary) {
		q.print(q.headline(s) + "\n" + q.failure(s, false))
	}
	if !allGreen(q.summary) {
		q.print(q.thresholds(q.summary))
	}
	q.print(q.leftovers(q.summary))
	if left(q.summary) {
		q.print(q.drift(q.summary))
	}
	return q.broken
}

func (q *quiet) print(s string) {
	if _, err := io.WriteString(q.out, s); err != nil && q.broken == nil {
		q.broken = err
	}
}
