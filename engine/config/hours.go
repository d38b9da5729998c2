package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/diag"
)

// Span returns when the hours begin and end, after midnight. Hours that end before they begin end on the next day.
func (h Hours) Span() (from, to time.Duration, err error) {
	if from, err = clock(h.From, 0); err != nil {
		return 0, 0, err
	}
	to, err = clock(h.To, 24*time.Hour)
	return from, to, err
}

// Weekdays returns the days, from Monday on. None means every day.
func (h Hours) Weekdays() ([]time.Weekday, error) {
	var out []time.Weekday
	for _, name := range h.Days {
		day, err := weekday(name)
		if err != nil {
			return nil, err
		}
		out = append(out, day)
	}
	slices.SortFunc(out, func(a, b time.Weekday) int { return int(a+6)%7 - int(b+6)%7 })
	return slices.Compact(out), nil
}

// Location returns the time zone.
func (h Hours) Location() (*time.Location, error) {
	if h.Zone == "" {
		return time.UTC, nil
	}
	zone, err := time.LoadLocation(h.Zone)
	if err != nil || h.Zone == "Local" { // where a policy holds must not depend on the machine
		return nil, fmt.Errorf("zone: there is no time zone %q; write it as Europe/Berlin or UTC", h.Zone)
	}
	return zone, nil
}

// clock reads HH:MM as the time after midnight.
func clock(text string, unset time.Duration) (time.Duration, error) {
	if text == "" {
		return unset, nil
	}
	hours, minutes, ok := strings.Cut(text, ":")
	h, hoursErr := strconv.Atoi(hours)
	m, minutesErr := strconv.Atoi(minutes)
	at := time.Duration(h)*time.Hour + time.Duration(m)*time.Minute
	if !ok || hoursErr != nil || minutesErr != nil || len(minutes) != 2 || h < 0 || m < 0 || m > 59 || at > 24*time.Hour {
		return 0, fmt.Errorf("%q is no time of the day; write HH:MM, from 00:00 to 24:00", text)
	}
	return at, nil
}

// weekday reads the name of a day, or its first three letters.
func weekday(name string) (time.Weekday, error) {
	var names []string
	for day := time.Sunday; day <= time.Saturday; day++ {
		if full := day.String(); strings.EqualFold(name, full) || strings.EqualFold(name, full[:3]) {
			return day, nil
		}
		names = append(names, day.String()[:3], day.String())
	}
	return 0, fmt.Errorf("%q is no day of the week%s", name, diag.DidYouMean(name, names))
}

// hours reports what is wrong with the hours of a policy.
func (c *checker) hours(h Hours) {
	at := func(rest ...string) []string { return append([]string{"policy", "businessHours"}, rest...) }
	for i, name := range h.Days {
		if _, err := weekday(name); err != nil {
			c.report("days: %s", []any{err}, at("days", strconv.Itoa(i))...)
		}
	}
	from, fromErr := clock(h.From, 0)
	if fromErr != nil {
		c.report("from: %s", []any{fromErr}, at("from")...)
	}
	to, toErr := clock(h.To, 24*time.Hour)
	if toErr != nil {
		c.report("to: %s", []any{toErr}, at("to")...)
	}
	if fromErr == nil && toErr == nil && from%(24*time.Hour) == to%(24*time.Hour) && c.config.Given(at("from")...) {
		c.report("from and to are the same time; leave both out for whole days", nil, at()...)
	}
	if _, err := h.Location(); err != nil {
		c.report("%s", []any{err}, at("zone")...)
	}
	if !c.config.Given(at("days")...) && h.From == "" && h.To == "" {
		c.report("businessHours without days and times is always; name days, or from and to", nil, at()...)
	}
}
