package monitor

import (
	"time"

	"github.com/scenario-runner/scenario-runner/steps/observe"
)

// record adds up how a steady state holds over time.
//
// Of a value that is watched every change is seen, so what a look shows holds until the next one. Of one that is asked
// for, an answer stands for the time since the answer before it: a server that does not answer for ten seconds was away
// for ten seconds, not for the moment at which that was clear.
type record struct {
	asked   bool
	samples int
	began   time.Time // of the time that is judged
	last    time.Time // of the newest look
	up      bool      // at the newest look
	down    time.Duration
	longest time.Duration
	outages []Outage
	open    time.Time // when the outage began that goes on, zero while there is none
	saw     string
}

// add takes the state at a look. start is when the watch began.
func (r *record) add(up bool, at, start time.Time, saw string) {
	since := at
	if r.asked {
		since = start
		if r.samples > 0 {
			since = r.last
		}
	}
	if r.samples == 0 {
		r.began = since
	}
	r.samples++
	switch {
	case !up && r.open.IsZero():
		r.open, r.saw = since, saw
	case up && !r.open.IsZero():
		r.close(since)
	}
	r.last, r.up = at, up
}

// close ends the outage that goes on.
func (r *record) close(at time.Time) {
	took := at.Sub(r.open)
	r.down += took
	r.longest = max(r.longest, took)
	r.outages = append(r.outages, Outage{After: r.open.Sub(r.began), Took: took, Saw: r.saw})
	r.open = time.Time{}
}

// finish ends the time that is judged.
func (r *record) finish(at time.Time) {
	if r.samples == 0 {
		return
	}
	if r.asked {
		at = r.last // nothing is known of the time after the last answer
	}
	if !r.open.IsZero() {
		r.close(at)
	}
	r.last = at
}

// outage returns how long the state has been broken, 0 when it holds.
func (r *record) outage(now time.Time) time.Duration {
	if r.open.IsZero() {
		return 0
	}
	return now.Sub(r.open)
}

func (r *record) outputs() Outputs {
	out := Outputs{Samples: r.samples, Downtime: r.down, LongestOutage: r.longest, Outages: r.outages}
	if r.samples == 0 {
		return out
	}
	out.Watched = r.last.Sub(r.began)
	switch {
	case out.Watched > 0:
		out.Availability = 1 - float64(r.down)/float64(out.Watched)
	case r.up:
		out.Availability = 1
	}
	return out
}

// lines tells the first outages.
func (r *record) lines(most int) []string {
	var lines []string
	for _, o := range r.outages[:min(len(r.outages), most)] {
		lines = append(lines, "after "+observe.Span(o.After.Round(time.Millisecond))+" for "+observe.Span(o.Took.Round(time.Millisecond))+"  "+o.Saw)
	}
	return lines
}
