package report

import (
	"fmt"
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"

	"github.com/scenario-runner/scenario-runner/engine/journal"
)

const (
	heartbeatLines = 10 // of one sign of life
	spareLines     = 1  // of the terminal, for the cursor below the region
)

// liveLines says what goes on at this moment, in at most height lines of at most width columns: the running scenarios
// with their running steps, then a count. When there is no room for the steps, each scenario is one line.
func liveLines(p paint, s *journal.Summary, now time.Time, width, height int) []string {
	room := height - spareLines - 1 // beside the count
	if room < 0 {
		return nil
	}
	var running []*journal.ScenarioSummary
	for _, scenario := range s.Scenarios {
		if scenario.Result == nil {
			running = append(running, scenario)
		}
	}
	var lines []string
	for _, scenario := range running {
		lines = append(lines, roomyLines(p, scenario, now, width-1)...)
	}
	if len(lines) > room {
		lines = nil
		for _, scenario := range running {
			lines = append(lines, denseLine(p, scenario, now, width-1))
		}
	}
	if len(lines) > room {
		hidden := len(lines) - max(room-1, 0)
		lines = append(lines[:max(room-1, 0)], p.faint(fmt.Sprintf("      … and %d more", hidden)))[:room]
	}
	lines = append(lines, p.faint(status(s, len(running), now)))
	for i, line := range lines {
		lines[i] = ansi.Truncate(line, width-1, "…")
	}
	return lines
}

func roomyLines(p paint, s *journal.ScenarioSummary, now time.Time, width int) []string {
	lines := []string{elapsed(p, now.Sub(s.Started)) + " " + p.bold(oneLine(s.Info.Name))}
	for _, st := range runningSteps(s) {
		opening := indent + elapsed(p, now.Sub(st.Started)) + " "
		lines = append(lines, opening+doing(p, st, width-ansi.StringWidth(opening)))
	}
	return lines
}

func denseLine(p paint, s *journal.ScenarioSummary, now time.Time, width int) string {
	line := elapsed(p, now.Sub(s.Started)) + " " + p.bold(oneLine(s.Info.Name))
	if steps := runningSteps(s); len(steps) > 0 {
		line += indent
		line += doing(p, steps[0], width-ansi.StringWidth(line))
	}
	return line
}

// doing is a step and the last thing that it saw. When width is too small for both, a long title gives way: what
// happens is news, what was wanted is not.
func doing(p paint, st *journal.StepSummary, width int) string {
	title := oneLine(st.Info.Title)
	text, seen := st.ID+indent+title, strings.TrimPrefix(oneLine(st.LastSeen), title+": ")
	if seen == "" {
		return text
	}
	room := width - len(indent) - ansi.StringWidth(seen)
	return ansi.Truncate(text, max(room, width/3, 0), "…") + indent + p.faint(seen)
}

// runningSteps returns the steps that go on, without those that only stand around others.
func runningSteps(s *journal.ScenarioSummary) []*journal.StepSummary {
	var running []*journal.StepSummary
	for _, st := range s.Steps {
		if st.Result == nil {
			running = append(running, st)
		}
	}
	return innermost(running)
}

// elapsed is a duration in a column. Whole seconds only, so that a region at rest is not drawn over and over.
func elapsed(p paint, d time.Duration) string {
	return p.faint(fmt.Sprintf("%6s", seconds(d)))
}

func seconds(d time.Duration) string {
	if d = max(d, 0).Truncate(time.Second); d < time.Minute {
		return fmt.Sprintf("%ds", int(d.Seconds()))
	}
	return length(d)
}

// status counts what is done, what runs and what is being cleaned.
func status(s *journal.Summary, running int, now time.Time) string {
	done, bad, cleaning := 0, 0, 0
	for _, scenario := range s.Scenarios {
		if scenario.Result == nil {
			continue
		}
		done++
		if !isGreen(scenario.Verdict()) {
			bad++
		}
		if !scenario.Cleaned && scenario.Undos > 0 {
			cleaning++
		}
	}
	parts := []string{fmt.Sprintf("%d of %d done", done, max(s.Run.Scenarios, len(s.Scenarios)))}
	add := func(n int, what string) {
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, what))
		}
	}
	add(bad, "not passed")
	add(running, "running")
	add(cleaning, "cleaning up")
	if s.Interrupted != "" {
		parts = append(parts, "stopping")
	}
	return fmt.Sprintf("%6s %s", seconds(now.Sub(s.Started)), strings.Join(parts, ", "))
}

// stillWaiting is the sign of life of a run whose progress no terminal shows: the steps that have gone on for a while.
func stillWaiting(s *journal.Summary, now time.Time) []string {
	var lines []string
	for _, scenario := range s.Scenarios {
		if scenario.Result != nil {
			continue
		}
		for _, st := range runningSteps(scenario) {
			if now.Sub(st.Started) < heartbeatInterval {
				continue
			}
			line := fmt.Sprintf("still waiting: %s › %s (%s)", oneLine(scenario.Info.Name), st.ID, seconds(now.Sub(st.Started)))
			if st.LastSeen != "" {
				line += ": " + oneLine(st.LastSeen)
			}
			lines = append(lines, line)
		}
	}
	if hidden := len(lines) - heartbeatLines; hidden > 0 {
		lines = append(lines[:heartbeatLines], fmt.Sprintf("still waiting: %d more", hidden))
	}
	return lines
}
