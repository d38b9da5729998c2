package config_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestHours(t *testing.T) {
	c, found := load(t, head+"policy: {businessHours: {days: [sun, Friday, mon, fri], from: '9:05', to: '24:00', zone: Europe/Berlin}}\n")
	if c == nil {
		t.Fatal(found)
	}
	h := *c.Policy.BusinessHours
	days, err := h.Weekdays()
	if d := cmp.Diff([]time.Weekday{time.Monday, time.Friday, time.Sunday}, days); err != nil || d != "" {
		t.Error(err, d)
	}
	if from, to, err := h.Span(); err != nil || from != 9*time.Hour+5*time.Minute || to != 24*time.Hour {
		t.Errorf("from %s to %s, %v", from, to, err)
	}
	if zone, err := h.Location(); err != nil || zone.String() != "Europe/Berlin" {
		t.Errorf("zone %s, %v", zone, err)
	}
	if c, _ = load(t, head+"policy: {businessHours: {days: Tue}}\n"); c == nil {
		t.Fatal("a single day is refused")
	}
	from, to, _ := c.Policy.BusinessHours.Span()
	if zone, _ := c.Policy.BusinessHours.Location(); from != 0 || to != 24*time.Hour || zone != time.UTC {
		t.Errorf("whole days are from %s to %s in %s", from, to, zone)
	}
}

func TestMistakesInAPolicy(t *testing.T) {
	for text, want := range map[string]string{
		"maxPercent: 0":                             `scenario-runner.yaml:3:22: maxPercent must be from 1 to 100, found 0 [invalid-value]`,
		"requireLabel: chaos":                       `scenario-runner.yaml:3:24: requireLabel is a label as key=value, such as chaos=allowed, found "chaos" [invalid-value]`,
		"confirm: never":                            `scenario-runner.yaml:3:19: confirm: "never" is not one of its values; choose one of terminal, always [unknown-value]`,
		"businessHours: {}":                         `scenario-runner.yaml:3:10: businessHours without days and times is always; name days, or from and to [invalid-value]`,
		"businessHours: {days: [Mom]}":              `scenario-runner.yaml:3:33: days: "Mom" is no day of the week; did you mean "Mon"? [invalid-value]`,
		"businessHours: {from: '25:00'}":            `scenario-runner.yaml:3:32: from: "25:00" is no time of the day; write HH:MM, from 00:00 to 24:00 [invalid-value]`,
		"businessHours: {to: '9'}":                  `scenario-runner.yaml:3:30: to: "9" is no time of the day; write HH:MM, from 00:00 to 24:00 [invalid-value]`,
		"businessHours: {from: '9:00', to: '9:00'}": `scenario-runner.yaml:3:10: from and to are the same time; leave both out for whole days [invalid-value]`,
		"businessHours: {days: Mon, zone: Berlin}":  `scenario-runner.yaml:3:43: zone: there is no time zone "Berlin"; write it as Europe/Berlin or UTC [invalid-value]`,
		"businessHours: {days: Mon, zone: Local}":   `scenario-runner.yaml:3:43: zone: there is no time zone "Local"; write it as Europe/Berlin or UTC [invalid-value]`,
	} {
		c, found := load(t, head+"policy: {"+text+"}\n")
		if d := cmp.Diff([]string{want}, found); c != nil || d != "" {
			t.Errorf("%s: %s", text, d)
		}
	}
}
