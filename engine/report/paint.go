package report

import "github.com/scenario-runner/scenario-runner/engine/step"

// paint styles text for a terminal, or leaves it as it is.
type paint struct{ on bool }

func (p paint) style(code, s string) string {
	if !p.on || s == "" {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

func (p paint) bold(s string) string   { return p.style("1", s) }
func (p paint) faint(s string) string  { return p.style("2", s) }
func (p paint) red(s string) string    { return p.style("31", s) }
func (p paint) green(s string) string  { return p.style("32", s) }
func (p paint) yellow(s string) string { return p.style("33", s) }

// verdict colours s by how something ended.
func (p paint) verdict(v step.Verdict, s string) string {
	switch v {
	case step.Passed:
		return p.green(s)
	case step.Skipped:
		return p.faint(s)
	case step.Flaky, step.Inconclusive:
		return p.yellow(s)
	}
	return p.red(s)
}

// mark is the character in front of a scenario or a step.
func (p paint) mark(v step.Verdict) string {
	marks := map[step.Verdict]string{
		step.Passed: "✓", step.Failed: "✗", step.Errored: "!", step.Inconclusive: "?", step.Skipped: "-", step.Flaky: "~",
	}
	mark, known := marks[v]
	if !known {
		mark = "!"
	}
	return p.verdict(v, mark)
}

// verdicts lists the verdicts in the order in which a tally names them.
func verdicts() []step.Verdict {
	return []step.Verdict{step.Passed, step.Flaky, step.Failed, step.Errored, step.Inconclusive, step.Skipped}
}

// isGreen says whether v needs no explanation.
func isGreen(v step.Verdict) bool { return v == step.Passed || v == step.Flaky || v == step.Skipped }
