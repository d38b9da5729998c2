package settings_test

import (
	"testing"
	"time"

	"github.com/scenario-runner/scenario-runner/steps/settings"
)

// zone loads a time zone.
func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	found, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestHours(t *testing.T) {
	berlin := zone(t, "Europe/Berlin")
	week := []time.Weekday{time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday}
	office := settings.Hours{Days: week, From: 9 * time.Hour, To: 17 * time.Hour, Zone: berlin, At: "scenario-runner.yaml:9:18"}
	spared := office
	spared.Outside = true
	night := settings.Hours{Days: []time.Weekday{time.Friday}, From: 22 * time.Hour, To: 6 * time.Hour, Zone: time.UTC, At: "scenario-runner.yaml:9:18"}
	weekend := settings.Hours{Days: []time.Weekday{time.Saturday, time.Sunday}, To: 24 * time.Hour, Zone: time.UTC, At: "scenario-runner.yaml:9:18"}
	always := settings.Hours{To: 24 * time.Hour, Zone: time.UTC, At: "scenario-runner.yaml:9:18"}
	never := always
	never.Outside = true
	const by = " is refused by the policy (scenario-runner.yaml:9:18), whose businessHours allow faults only "
	for _, c := range []struct {
		name     string
		hours    *settings.Hours
		now      string
		duration time.Duration
		want     string
	}{
		{"none", nil, "2026-11-24T03:00:00Z", 0, ""},
		{"inside, by the clocks of the zone", &office, "2026-11-24T08:00:00Z", 0, ""},
		{"the last second", &office, "2026-11-24T15:59:59Z", 0, ""},
		{
			"too early", &office, "2026-11-24T07:59:59Z", 0,
			"a fault on Tue 2026-11-24 08:59 CET" + by + "Mon, Tue, Wed, Thu, Fri 09:00 to 17:00 Europe/Berlin; they open next on Tue 2026-11-24 09:00 CET",
		},
		{
			"too late, before the weekend", &office, "2026-11-27T16:00:00Z", 0,
			"a fault on Fri 2026-11-27 17:00 CET" + by + "Mon, Tue, Wed, Thu, Fri 09:00 to 17:00 Europe/Berlin; they open next on Mon 2026-11-30 09:00 CET",
		},
		{
			"clocks are put forward meanwhile", &office, "2026-03-28T12:00:00Z", 0,
			"a fault on Sat 2026-03-28 13:00 CET" + by + "Mon, Tue, Wed, Thu, Fri 09:00 to 17:00 Europe/Berlin; they open next on Mon 2026-03-30 09:00 CEST",
		},
		{"it is over in time", &office, "2026-11-24T15:30:00Z", 30 * time.Minute, ""},
		{
			"it would not be over in time", &office, "2026-11-24T15:30:00Z", 31 * time.Minute,
			"a fault of 31m0s on Tue 2026-11-24 16:30 CET" + by + "Mon, Tue, Wed, Thu, Fri 09:00 to 17:00 Europe/Berlin: they close on Tue 2026-11-24 17:00 CET; choose a shorter duration",
		},
		{"outside of the hours", &spared, "2026-11-24T07:59:59Z", 0, ""},
		{
			"inside of those that are spared", &spared, "2026-11-24T09:00:00Z", 0,
			"a fault on Tue 2026-11-24 10:00 CET" + by + "outside of Mon, Tue, Wed, Thu, Fri 09:00 to 17:00 Europe/Berlin; they open next on Tue 2026-11-24 17:00 CET",
		},
		{"a night that began yesterday", &night, "2026-11-28T05:59:00Z", 0, ""},
		{"a night that began today", &night, "2026-11-27T22:00:00Z", 0, ""},
		{
			"the morning before", &night, "2026-11-27T05:00:00Z", 0,
			"a fault on Fri 2026-11-27 05:00 UTC" + by + "Fri 22:00 to 06:00 UTC; they open next on Fri 2026-11-27 22:00 UTC",
		},
		{"whole days, also at midnight between them", &weekend, "2026-11-28T23:00:00Z", 2 * time.Hour, ""},
		{
			"a day that is none of them", &weekend, "2026-11-23T00:00:00Z", 0,
			"a fault on Mon 2026-11-23 00:00 UTC" + by + "Sat, Sun UTC; they open next on Sat 2026-11-28 00:00 UTC",
		},
		{"always", &always, "2026-11-23T00:00:00Z", 1000 * time.Hour, ""},
		{"never", &never, "2026-11-23T00:00:00Z", 0, "a fault on Mon 2026-11-23 00:00 UTC" + by + "outside of every day UTC"},
	} {
		now, err := time.Parse(time.RFC3339, c.now)
		if err != nil {
			t.Fatal(err)
		}
		s := settings.Settings{Policy: settings.Policy{BusinessHours: c.hours}, Now: func() time.Time { return now }}
		if got := message(s.Hours(c.duration)); got != c.want {
			t.Errorf("%s:\ngot  %s\nwant %s", c.name, got, c.want)
		}
	}
}

func TestFaultsAndShares(t *testing.T) {
	for name, want := range map[string]string{
		"shop": "", "": "", "kubernetes": "",
		"kube-system": `namespace "kube-system" is protected from chaos, as are all of kube-* and openshift-*; choose a target elsewhere`,
		"openshift-x": `namespace "openshift-x" is protected from chaos, as are all of kube-* and openshift-*; choose a target elsewhere`,
	} {
		if got := message(settings.Fault(name)); got != want {
			t.Errorf("%q: got %s, want %s", name, got, want)
		}
	}
	const half = "hitting 2 of 3 pods is not allowed by the policy, whose maxPercent is 50; choose fewer, or have the policy changed"
	for _, c := range []struct {
		allowed, hit, of int
		want             string
	}{{0, 3, 3, ""}, {50, 2, 4, ""}, {50, 2, 3, half}, {100, 3, 3, ""}} {
		if got := message((&settings.Policy{MaxPercent: c.allowed}).Share(c.hit, c.of, "pods")); got != c.want {
			t.Errorf("%+v: got %s", c, got)
		}
	}
}
