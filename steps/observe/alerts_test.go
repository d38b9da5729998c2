package observe

import "testing"

// TestStaleAlertsAreToldApart knows the ids that the engine gives to scenarios.
func TestStaleAlertsAreToldApart(t *testing.T) {
	const mine = "sr-memory-pressure-4kq2x0"
	for identity, want := range map[string]string{
		"":                             originForeign,
		mine:                           originOwn,
		"sr-memory-pressure-4kq2x0-2":  originRun,
		"sr-other-4kq2x1f":             originRun,
		"sr-other-12-4kq2x1-3":         originRun,
		"sr-memory-pressure-7ab2x0":    originStale,
		"sr-memory-pressure-7ab2x0-2":  originStale,
		"somebody-elses-word":          originStale,
		"x":                            originStale,
		"sr-attempt-of-mine-4kq2y0-12": originStale,
	} {
		if got := origin(identity, mine); got != want {
			t.Errorf("%q comes from %s, want %s", identity, got, want)
		}
		if got := origin(mine+"-2", mine+"-2"); got != originOwn {
			t.Errorf("an attempt is %s to itself", got)
		}
	}
}
