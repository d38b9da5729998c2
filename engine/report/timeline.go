package report

import (
	"fmt"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/journal"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

// timeline is a picture of what happened when: a row for each thing, on one axis of time.
type timeline struct {
	Width, Height int
	Label         int // room for the names, in pixels
	Rows          []timelineRow
	Ticks         []tick
}

type timelineRow struct {
	Name    string
	Link    string // anchor to go to, or ""
	Hover   string
	Y       int
	X, W    float64
	Verdict step.Verdict
	Hue     int // of the kind of step, in degrees; -1 for a scenario
}

type tick struct {
	X    float64
	Text string
}

const (
	timelineWidth = 960
	labelWidth    = 230
	rowHeight     = 18
	axisHeight    = 20
	leastWidth    = 2 // of a bar, so that it can be seen
	mostRows      = 400
	nameLength    = 34
)

func anchor(i int) string { return fmt.Sprintf("s%d", i+1) }

// timelineOf shows the scenarios of a run.
func timelineOf(s *journal.Summary) *timeline {
	t := newTimeline(s.Started, s.Last)
	for i, scenario := range s.Scenarios {
		t.add(oneLine(scenario.Info.Name), scenario.Started, scenario.Result.Took, scenario.Verdict(), -1, "#"+anchor(i))
	}
	return t.done()
}

// stepTimeline shows the steps of a scenario. Steps of the same kind have the same colour, so that faults, alerts and
// waits can be told apart at a glance.
func stepTimeline(s *journal.ScenarioSummary) *timeline {
	end := s.Started.Add(s.Result.Took)
	for _, st := range s.Steps {
		if at := st.Started.Add(resultOf(st).Took); at.After(end) {
			end = at
		}
	}
	t := newTimeline(s.Started, end)
	hues := map[string]int{}
	for _, st := range s.Steps {
		if _, known := hues[st.Info.Kind]; !known {
			hues[st.Info.Kind] = len(hues) * 137 % 360 // far from each other, however many
		}
		t.add(st.ID+"  "+oneLine(st.Info.Title), st.Started, resultOf(st).Took, st.Verdict(), hues[st.Info.Kind], "")
	}
	return t.done()
}

// builder lays a timeline out.
type builder struct {
	timeline
	start time.Time
	span  time.Duration
}

func newTimeline(start, end time.Time) *builder {
	return &builder{timeline: timeline{Width: timelineWidth, Label: labelWidth}, start: start, span: max(end.Sub(start), time.Millisecond)}
}

func (b *builder) x(at time.Duration) float64 {
	return labelWidth + float64(at)/float64(b.span)*(timelineWidth-labelWidth)
}

func (b *builder) add(name string, start time.Time, took time.Duration, v step.Verdict, hue int, link string) {
	if len(b.Rows) >= mostRows {
		return
	}
	at := start.Sub(b.start)
	row := timelineRow{
		Hover: fmt.Sprintf("%s: %s, after %s for %s", name, v, length(at), length(took)), Link: link,
		Y: len(b.Rows)*rowHeight + axisHeight, X: b.x(at), Verdict: v, Hue: hue,
	}
	row.W = max(b.x(at+took)-row.X, leastWidth)
	if runes := []rune(name); len(runes) > nameLength {
		name = string(runes[:nameLength-1]) + "…"
	}
	row.Name = name
	b.Rows = append(b.Rows, row)
}

// done adds the axis. A picture of nothing is nil.
func (b *builder) done() *timeline {
	if len(b.Rows) == 0 {
		return nil
	}
	b.Height = len(b.Rows)*rowHeight + axisHeight
	every := tickEvery(b.span)
	for at := time.Duration(0); at <= b.span; at += every {
		b.Ticks = append(b.Ticks, tick{b.x(at), length(at)})
	}
	return &b.timeline
}

// tickEvery returns a round distance that gives at most ten ticks.
func tickEvery(span time.Duration) time.Duration {
	steps := []time.Duration{1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 30_000, 60_000, 120_000, 300_000, 600_000, 1_800_000, 3_600_000}
	for _, ms := range steps {
		if span/(ms*time.Millisecond) <= 10 {
			return ms * time.Millisecond
		}
	}
	return span / 10
}
