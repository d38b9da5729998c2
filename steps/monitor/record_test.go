package monitor

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// state is a look: seconds after the start, and whether the steady state held.
type state struct {
	at int
	up bool
}

func recorded(asked bool, end int, states ...state) Outputs {
	start := time.Unix(1000, 0)
	r := record{asked: asked}
	for _, s := range states {
		saw := "up"
		if !s.up {
			saw = "down"
		}
		r.add(s.up, start.Add(time.Duration(s.at)*time.Second), start, saw)
	}
	r.finish(start.Add(time.Duration(end) * time.Second))
	return r.outputs()
}

func TestRecord(t *testing.T) {
	second := time.Second
	for name, one := range map[string]struct {
		got, want Outputs
	}{
		"watched: a state holds until the next": {
			recorded(false, 20, state{0, true}, state{5, false}, state{7, true}),
			Outputs{Availability: 0.9, Watched: 20 * second, Samples: 3, Downtime: 2 * second, LongestOutage: 2 * second, Outages: []Outage{{5 * second, 2 * second, "down"}}},
		},
		"watched: broken to the end": {
			recorded(false, 20, state{10, true}, state{18, false}),
			Outputs{Availability: 0.8, Watched: 10 * second, Samples: 2, Downtime: 2 * second, LongestOutage: 2 * second, Outages: []Outage{{8 * second, 2 * second, "down"}}},
		},
		"watched: several changes of a broken state are one outage": {
			recorded(false, 10, state{0, false}, state{1, false}, state{4, true}, state{9, false}),
			Outputs{Availability: 0.5, Watched: 10 * second, Samples: 4, Downtime: 5 * second, LongestOutage: 4 * second, Outages: []Outage{{0, 4 * second, "down"}, {9 * second, second, "down"}}},
		},
		"asked: an answer stands for the time before it": {
			recorded(true, 99, state{1, true}, state{2, true}, state{10, false}, state{11, true}, state{20, true}),
			Outputs{Availability: 0.6, Watched: 20 * second, Samples: 5, Downtime: 8 * second, LongestOutage: 8 * second, Outages: []Outage{{2 * second, 8 * second, "down"}}},
		},
		"never seen": {recorded(false, 20), Outputs{}},
		"one look, nothing after it": {
			recorded(false, 0, state{0, true}), Outputs{Availability: 1, Samples: 1},
		},
	} {
		if diff := cmp.Diff(one.want, one.got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
