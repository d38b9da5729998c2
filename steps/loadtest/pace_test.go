package loadtest

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func to(rate float64) *float64 { return &rate }

func TestSchedule(t *testing.T) {
	for name, c := range map[string]struct {
		stages []Stage
		want   []time.Duration
	}{
		"constant": {[]Stage{{Rate: 4, Duration: time.Second}}, []time.Duration{0, 250 * time.Millisecond, 500 * time.Millisecond, 750 * time.Millisecond}},
		"slow":     {[]Stage{{Rate: 0.5, Duration: 4 * time.Second}}, []time.Duration{0, 2 * time.Second}},
		"steps":    {[]Stage{{Rate: 1, Duration: 2 * time.Second}, {Rate: 2, Duration: time.Second}}, []time.Duration{0, time.Second, 2 * time.Second, 2500 * time.Millisecond}},
		"up":       {[]Stage{{To: to(2), Duration: 4 * time.Second}}, []time.Duration{0, 2 * time.Second, 2828427124, 3464101615}},
		"down":     {[]Stage{{Rate: 2, To: to(0), Duration: 4 * time.Second}}, []time.Duration{0, 535898384, 1171572875, 2 * time.Second}},
	} {
		var got []time.Duration
		for d := range schedule(c.stages) {
			got = append(got, d)
		}
		if d := cmp.Diff(c.want, got); d != "" || count(c.stages) != len(got) {
			t.Errorf("%s: count %d, -want +got\n%s", name, count(c.stages), d)
		}
	}
	if got := count([]Stage{{Rate: 30, Duration: 100 * time.Millisecond}}); got != 3 {
		t.Errorf("30 a second for 100ms are %d, want 3", got)
	}
}

// after waits for a time, or for the end of ctx.
func after(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// TestSlowAnswersHoldNothingBack holds that a server that stops is seen by each request that was due meanwhile.
func TestSlowAnswersHoldNothingBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tally, start := newTally(10), time.Now()
		stopped := start.Add(5 * time.Second) // until then nobody is answered
		pace(t.Context(), []Stage{{Rate: 2, Duration: 5 * time.Second}}, 100, tally, func(ctx context.Context, _ int, due time.Time) {
			after(ctx, time.Until(stopped))
			tally.add(outcome{took: time.Since(due), status: 200})
		})
		out := tally.outputs(time.Since(start))
		want := Outputs{
			Requests: 10, Succeeded: 10, Errors: map[string]int{}, Statuses: map[string]int{"200": 10}, Rate: 2, Took: 5 * time.Second,
			Mean: 2750 * time.Millisecond, Min: 500 * time.Millisecond, P50: 2500 * time.Millisecond, P90: 4500 * time.Millisecond,
			P95: 5 * time.Second, P99: 5 * time.Second, Max: 5 * time.Second,
		}
		if d := cmp.Diff(want, out); d != "" {
			t.Errorf("-want +got\n%s", d)
		}
	})
}

func TestTooManyInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tally := newTally(10)
		pace(t.Context(), []Stage{{Rate: 10, Duration: time.Second}}, 3, tally, func(ctx context.Context, _ int, _ time.Time) {
			after(ctx, time.Hour)
			tally.add(outcome{status: 200})
		})
		out := tally.outputs(time.Hour)
		const reason = "not sent, because too many others were not answered yet"
		if out.Requests != 10 || out.Succeeded != 3 || out.Failed != 7 || out.Errors[reason] != 7 || out.ErrorRate != 0.7 {
			t.Errorf("got %+v", out)
		}
	})
}

func TestPaceEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 2500*time.Millisecond)
		defer cancel()
		tally, start := newTally(10), time.Now()
		pace(ctx, []Stage{{Rate: 1, Duration: time.Hour}}, 3, tally, func(ctx context.Context, _ int, _ time.Time) { after(ctx, time.Hour) })
		if out := tally.outputs(time.Since(start)); out.Requests != 3 || out.Took != 2500*time.Millisecond {
			t.Errorf("got %+v", out)
		}
	})
}
