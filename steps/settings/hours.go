package settings

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Hours are the times of a week in which a policy lets things be broken, or, with Outside, in which it does not.
type Hours struct {
	Days     []time.Weekday // sorted from Monday on; none means every day
	From, To time.Duration  // after midnight; where To is not after From, the hours end on the next day
	Zone     *time.Location
	Outside  bool
	At       string // where they stand in the configuration: file:line:column
}

// day is how long a day of these hours is counted: clocks that are put forward don't matter to them.
const day = 24 * time.Hour

// Faults refuses a fault that begins now, and one that would still stand when the hours end.
func (h *Hours) Faults(now time.Time, duration time.Duration) error {
	if h == nil {
		return nil
	}
	now = now.In(h.Zone)
	next, changes := h.next(now)
	switch {
	case !h.open(now):
		why := fmt.Sprintf("is refused by the policy (%s), whose businessHours allow faults only %s", h.At, h)
		if changes {
			why += "; they open next on " + next.Format(moment)
		}
		return &Refusal{What: "a fault on " + now.Format(moment), Why: why}
	case changes && now.Add(duration).After(next):
		return &Refusal{
			What: fmt.Sprintf("a fault of %s on %s", duration, now.Format(moment)),
			Why: fmt.Sprintf("is refused by the policy (%s), whose businessHours allow faults only %s: they close on %s; choose a shorter duration",
				h.At, h, next.Format(moment)),
		}
	}
	return nil
}

// moment is how a time is written where its day matters as much as its hour.
const moment = "Mon 2006-01-02 15:04 MST"

// open reports whether faults are allowed at a time in the zone of the hours.
func (h *Hours) open(t time.Time) bool { return h.within(t) != h.Outside }

// within reports whether a time is in the hours themselves. Hours that end on the next day belong to the one on which
// they begin.
func (h *Hours) within(t time.Time) bool {
	clock := time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute + time.Duration(t.Second())*time.Second
	today, yesterday := h.on(t.Weekday()), h.on((t.Weekday()+6)%7)
	if h.From < h.To {
		return today && h.From <= clock && clock < h.To
	}
	return today && clock >= h.From || yesterday && clock < h.To
}

func (h *Hours) on(d time.Weekday) bool { return len(h.Days) == 0 || slices.Contains(h.Days, d) }

// next returns when faults become allowed or forbidden next, false when that never changes.
func (h *Hours) next(now time.Time) (time.Time, bool) {
	for days := range 9 { // the week repeats itself, and hours may begin on the day before
		var edges []time.Time
		for _, clock := range []time.Duration{0, h.From, h.To} {
			edges = append(edges, time.Date(now.Year(), now.Month(), now.Day()+days, 0, int(clock/time.Minute), 0, 0, h.Zone))
		}
		slices.SortFunc(edges, time.Time.Compare)
		for _, edge := range edges {
			if edge.After(now) && h.open(edge) != h.open(now) {
				return edge, true
			}
		}
	}
	return time.Time{}, false
}

// String is the hours as people say them: "Mon, Tue 09:00 to 17:00 Europe/Berlin".
func (h *Hours) String() string {
	names := make([]string, len(h.Days))
	for i, d := range h.Days {
		names[i] = d.String()[:3]
	}
	parts := []string{strings.Join(names, ", ")}
	if len(names) == 0 {
		parts[0] = "every day"
	}
	if h.From != 0 || h.To != day {
		parts = append(parts, clock(h.From)+" to "+clock(h.To))
	}
	parts = append(parts, h.Zone.String())
	text := strings.Join(parts, " ")
	if h.Outside {
		return "outside of " + text
	}
	return text
}

func clock(d time.Duration) string {
	return fmt.Sprintf("%02d:%02d", int(d.Hours()), int(d.Minutes())%60)
}
