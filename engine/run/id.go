package run

import (
	"strconv"
	"strings"
)

// The longest parts of an id. With "sr-", a run's index and an attempt an id stays below 50 characters.
const (
	maxSlug  = 30
	maxRunID = 5
)

// scenarioID returns the id of the scenario at index, which is also the name of its namespace:
// "sr-memory-pressure-4kq2x0", and "sr-memory-pressure-4kq2x0-2" for the second attempt.
func scenarioID(name, runID string, index, attempt int) string {
	run := strings.ReplaceAll(slug(runID, len(runID)), "-", "")
	if len(run) > maxRunID {
		run = run[len(run)-maxRunID:]
	}
	id := "sr-" + slug(name, maxSlug) + "-" + run + strconv.FormatInt(int64(index), 36)
	if attempt > 1 {
		id += "-" + strconv.Itoa(attempt)
	}
	return id
}

// slug keeps what a DNS label may hold.
func slug(name string, most int) string {
	var b strings.Builder
	for _, r := range strings.ToLower(name) {
		letter := r >= 'a' && r <= 'z' || r >= '0' && r <= '9'
		switch {
		case letter:
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
		if b.Len() >= most {
			break
		}
	}
	s := strings.Trim(b.String(), "-")
	if s == "" {
		return "scenario"
	}
	return s
}
