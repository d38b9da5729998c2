package suite

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/field"
	"github.com/scenario-runner/scenario-runner/engine/journal"
	"github.com/scenario-runner/scenario-runner/engine/run"
	"github.com/scenario-runner/scenario-runner/engine/scenario"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

// The names of thresholds.
const (
	passRate    = "passRate"
	maxDuration = "maxDuration"
	maxFlaky    = "maxFlaky"
)

// Judge says which thresholds hold. scenarios are those that were run, in the order of the outcome. With failOnFlaky one
// that passed only when it was run again has not passed. A threshold that is about none of them is left out.
func (s *Suite) Judge(scenarios []*scenario.Scenario, o run.Outcome, failOnFlaky bool) []journal.Threshold {
	var out []journal.Threshold
	for _, t := range s.Thresholds {
		switch t.Name {
		case passRate:
			if t.Label == "" || t.concerns(scenarios) {
				out = append(out, t.rate(scenarios, o, failOnFlaky))
			}
		case maxDuration:
			out = append(out, t.duration(o.Took))
		case maxFlaky:
			out = append(out, t.flaky(o.Counts[step.Flaky]))
		}
	}
	return out
}

// concerns reports whether a threshold is about any of the scenarios. It may not be when a part of the suite was chosen.
func (t Threshold) concerns(scenarios []*scenario.Scenario) bool {
	return slices.ContainsFunc(scenarios, func(s *scenario.Scenario) bool { return matches(s, t.Label) })
}

// tally counts how scenarios ended.
type tally struct {
	all, passed int
	declined    int // said themselves that they have nothing to prove here; they count for nothing
	bad         []string
}

func (t Threshold) count(scenarios []*scenario.Scenario, o run.Outcome, failOnFlaky bool) tally {
	var c tally
	counts := map[string]int{}
	for i, s := range scenarios {
		if t.Label != "" && !matches(s, t.Label) {
			continue
		}
		how := o.Scenarios[i]
		switch {
		case how.Verdict == step.Skipped && how.Attempts > 0:
			c.declined++
			continue
		case how.Verdict == step.Passed, how.Verdict == step.Flaky && !failOnFlaky:
			c.passed++
		case how.Verdict == step.Skipped:
			counts["not run"]++
		default:
			counts[word(how.Verdict)]++
		}
		c.all++
	}
	for _, what := range []string{"failed", "errored", "were inconclusive", "were flaky", "not run"} {
		if n := counts[what]; n > 0 {
			c.bad = append(c.bad, describe(n, what, counts, c.all))
		}
	}
	return c
}

func word(v step.Verdict) string {
	if v == step.Inconclusive || v == step.Flaky {
		return "were " + string(v)
	}
	return string(v)
}

// describe says "1 of 20 failed" or, among several, "1 failed".
func describe(n int, what string, counts map[string]int, all int) string {
	if n == 1 {
		what = strings.Replace(what, "were ", "was ", 1)
	}
	if what == "not run" {
		what = map[bool]string{true: "was not run", false: "were not run"}[n == 1]
	}
	if len(counts) == 1 {
		return fmt.Sprintf("%d of %d %s", n, all, what)
	}
	return fmt.Sprintf("%d %s", n, what)
}

func (t Threshold) rate(scenarios []*scenario.Scenario, o run.Outcome, failOnFlaky bool) journal.Threshold {
	c := t.count(scenarios, o, failOnFlaky)
	about := ""
	if t.Label != "" {
		about = t.Label + ": "
	}
	out := journal.Threshold{Name: passRate, Label: t.Label, Allowed: ">= " + number(t.Value)}
	if c.all == 0 {
		out.Actual = "none"
		out.Text = fmt.Sprintf("%sno scenario was judged; passRate >= %s does not hold", about, number(t.Value))
		return out
	}
	how := strings.Join(c.bad, ", ")
	switch len(c.bad) {
	case 0:
		how = fmt.Sprintf("%d of %d passed", c.passed, c.all)
	case 1:
	default:
		how += fmt.Sprintf(" of %d", c.all)
	}
	if c.declined > 0 {
		how += fmt.Sprintf(" (%d skipped, not counted)", c.declined)
	}
	out.Holds = float64(c.passed) >= t.Value*float64(c.all)-1e-9
	out.Actual = number(math.Floor(float64(c.passed)/float64(c.all)*1000) / 1000) // never rounded up to what is demanded
	out.Text = fmt.Sprintf("%s%s; passRate %s >= %s %s", about, how, out.Actual, number(t.Value), holds(out.Holds))
	return out
}

func (t Threshold) duration(took time.Duration) journal.Threshold {
	limit := time.Duration(t.Value * float64(time.Second))
	shown := field.FormatDuration(took.Round(time.Millisecond))
	if took >= 10*time.Second {
		shown = field.FormatDuration(took.Round(time.Second))
	}
	out := journal.Threshold{Name: maxDuration, Allowed: "<= " + field.FormatDuration(limit), Actual: shown, Holds: took <= limit}
	out.Text = fmt.Sprintf("the run took %s; maxDuration <= %s %s", shown, field.FormatDuration(limit), holds(out.Holds))
	return out
}

func (t Threshold) flaky(n int) journal.Threshold {
	out := journal.Threshold{Name: maxFlaky, Allowed: "<= " + number(t.Value), Actual: strconv.Itoa(n), Holds: n <= int(t.Value)}
	verb := map[bool]string{true: "was", false: "were"}[n == 1]
	out.Text = fmt.Sprintf("%d %s flaky; maxFlaky %d <= %s %s", n, verb, n, number(t.Value), holds(out.Holds))
	return out
}

func number(f float64) string { return strconv.FormatFloat(f, 'g', -1, 64) }

func holds(ok bool) string {
	if ok {
		return "holds"
	}
	return "does not hold"
}
