package loadtest

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"sync"
	"time"
)

// tally counts what came of the requests. It is safe for concurrent use.
type tally struct {
	mu        sync.Mutex
	due       int
	late      int // left noticeably after they were due
	took      []time.Duration
	succeeded int
	errors    map[string]int
	statuses  map[string]int
}

func newTally(room int) *tally {
	return &tally{took: make([]time.Duration, 0, room), errors: map[string]int{}, statuses: map[string]int{}}
}

// outcome is what came of one request.
type outcome struct {
	took    time.Duration // since it was due
	status  int           // 0 when there was no answer
	failure string        // why it is no success, "" when it is one
}

func (t *tally) add(o outcome) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if o.status != 0 {
		t.took = append(t.took, o.took)
		t.statuses[fmt.Sprint(o.status)]++
	}
	if o.failure == "" {
		t.succeeded++
		return
	}
	t.errors[o.failure]++
}

// start counts a request that is due.
func (t *tally) start(late bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.due++
	if late {
		t.late++
	}
}

// outputs sums up. total is how long it took.
func (t *tally) outputs(total time.Duration) Outputs {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := Outputs{
		Requests: t.due, Late: t.late, Succeeded: t.succeeded, Errors: maps.Clone(t.errors), Statuses: maps.Clone(t.statuses), Took: total,
	}
	for _, n := range t.errors {
		out.Failed += n
	}
	if out.Requests > 0 {
		out.ErrorRate = float64(out.Failed) / float64(out.Requests)
	}
	if total > 0 {
		out.Rate = float64(out.Succeeded) / total.Seconds()
	}
	if len(t.took) == 0 {
		return out
	}
	sorted := slices.Sorted(slices.Values(t.took))
	for _, d := range sorted {
		out.Mean += d / time.Duration(len(sorted))
	}
	out.Min, out.Max = sorted[0], sorted[len(sorted)-1]
	out.P50, out.P90 = percentile(sorted, 50), percentile(sorted, 90)
	out.P95, out.P99 = percentile(sorted, 95), percentile(sorted, 99)
	return out
}

// percentile is the shortest time that at least p of 100 don't exceed (nearest rank): one that was really seen.
func percentile(sorted []time.Duration, p float64) time.Duration {
	rank := int(math.Ceil(p / 100 * float64(len(sorted))))
	return sorted[max(rank, 1)-1]
}

// reasons lists the errors, the most frequent first.
func (o *Outputs) reasons() []string {
	names := slices.SortedStableFunc(slices.Values(slices.Sorted(maps.Keys(o.Errors))), func(a, b string) int { return o.Errors[b] - o.Errors[a] })
	lines := make([]string, len(names))
	for i, name := range names {
		lines[i] = fmt.Sprintf("%d  %s", o.Errors[name], name)
	}
	return lines
}

// times writes the latencies for people.
func (o *Outputs) times() string {
	parts := ""
	for _, v := range []struct {
		name string
		d    time.Duration
	}{{"min", o.Min}, {"p50", o.P50}, {"p90", o.P90}, {"p95", o.P95}, {"p99", o.P99}, {"max", o.Max}} {
		parts += fmt.Sprintf(", %s %s", v.name, v.d.Round(10*time.Microsecond))
	}
	return parts[2:]
}
