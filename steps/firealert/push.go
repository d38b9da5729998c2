package firealert

import (
	"context"
	"fmt"
	"maps"
	"math"
	"sync"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/observe"
	"github.com/scenario-runner/scenario-runner/steps/prometheus"
)

// staleNaN is the value by which Prometheus knows that a series has ended.
const staleNaN = 0x7ff0000000000002

// pusher keeps up the samples that make the alerts true. It stops with those that resolveAlert has given up.
type pusher struct {
	*raising

	mu       sync.Mutex
	off      bool         // of all series, while an alert flaps
	resolved map[int]bool // series that are over, by index
	last     time.Time    // of the samples: the next ones must be newer
	began    time.Time
}

func newPusher(r *raising) *pusher {
	return &pusher{raising: r, resolved: map[int]bool{}, began: time.Now()}
}

// push writes the present value of every series that is not over.
func (p *pusher) push(ctx context.Context, now time.Time) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []prometheus.Series
	for i, labels := range p.Series {
		if p.resolved[i] {
			continue
		}
		value := p.values[i]
		if p.off {
			value = restValue(labels)
		}
		out = append(out, prometheus.Series{Labels: labels, Points: prometheus.At(p.after(now), value)})
	}
	if len(out) == 0 {
		return nil
	}
	return p.client.Write(ctx, out)
}

// after returns a time that is newer than that of all samples before, because a series has one sample for a millisecond.
func (p *pusher) after(now time.Time) time.Time {
	if limit := p.last.Add(time.Millisecond); now.Before(limit) {
		now = limit
	}
	p.last = now
	return now
}

// restValue is the value of a series that does not make its rule true any more.
func restValue(labels map[string]string) float64 {
	if labels["__name__"] == alertMetric {
		return 0
	}
	return math.Float64frombits(staleNaN)
}

// turn lets the alerts fire or not, for flapping.
func (p *pusher) turn(ctx context.Context, off bool) error {
	p.mu.Lock()
	p.off = off
	p.mu.Unlock()
	return p.push(ctx, time.Now())
}

// serve keeps the samples up until the scenario ends, or for a time, and takes everything back then.
func (p *pusher) serve(ctx context.Context, entry step.Entry, after time.Duration) error {
	var due <-chan time.Time
	if after > 0 {
		timer := time.NewTimer(after)
		defer timer.Stop()
		due = timer.C
	}
	refreshing, word := time.NewTicker(refresh), time.NewTicker(listening)
	defer refreshing.Stop()
	defer word.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			p.takeBack(ctx, entry)
			return nil
		case <-due:
			if entry != nil {
				return entry.Undo(ctx)
			}
			due = nil
		case <-refreshing.C:
			err = p.push(ctx, time.Now())
		case <-word.C:
			err = p.heed(ctx)
		}
		if err != nil && ctx.Err() == nil {
			p.run.Progress("the samples could not be kept up: %v; trying again", err)
		}
	}
}

// takeBack is tried while the servers that were started before this step are still there. If it fails, the entry stays open
// and is tried again, and reported, with the other undos.
func (p *pusher) takeBack(ctx context.Context, entry step.Entry) {
	if entry == nil {
		return
	}
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), resolveLimit)
	defer cancel()
	_ = entry.Undo(bounded)
}

// heed ends the series of those alerts that resolveAlert has given up.
func (p *pusher) heed(ctx context.Context) error {
	words, err := p.client.Instant(ctx, fmt.Sprintf("timestamp(%s{%s=%q})", observe.ResolvedMetric, observe.ResolvedLabel, p.Scenario), time.Time{})
	if err != nil || len(words.Samples) == 0 {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []prometheus.Series
	for i, labels := range p.Series {
		if p.resolved[i] || !p.given(i, words) {
			continue
		}
		p.resolved[i] = true
		out = append(out, prometheus.Series{Labels: labels, Points: prometheus.At(p.after(time.Now()), restValue(labels))})
	}
	if len(out) == 0 {
		return nil
	}
	return p.client.Write(ctx, out)
}

// given reports whether a word says that the alert of a series is over: one that came after it was fired, and that names
// its labels. That of a copied rule is over when any of its alerts is.
func (p *pusher) given(i int, words prometheus.Result) bool {
	name, labels := p.Names[0], map[string]string(nil)
	if len(p.Alerts) > 0 {
		name, labels = p.Alerts[i][alertname], p.Alerts[i]
	}
	for _, s := range words.Samples {
		said := time.UnixMilli(int64(s.Points[0].Value * 1000))
		if s.Labels[nameLabel] != name || said.Before(p.began) {
			continue
		}
		word := maps.Clone(s.Labels)
		delete(word, observe.ResolvedLabel)
		delete(word, nameLabel)
		if labels == nil || contains(labels, word) {
			return true
		}
	}
	return false
}

// contains reports whether all has every label of some.
func contains(all, some map[string]string) bool {
	for name, value := range some {
		if all[name] != value {
			return false
		}
	}
	return true
}
