package run

import (
	"slices"

	"github.com/scenario-runner/scenario-runner/engine/journal"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

// Exit codes of a run, beside 0 for passed. 3 belongs to scenarios and flags that are not valid.
const (
	ExitFailed       = 1
	ExitErrored      = 2
	ExitLeft         = 4 // everything held, but something could not be taken back
	ExitInconclusive = 5
	ExitInterrupted  = 130
)

// conclude sets the verdict and the exit code from the rest of o. What was kept on request is no fault; a run of which
// the time was over before everything was started is one.
func (r *runner) conclude(o *Outcome) {
	count := func(v step.Verdict) bool { return o.Counts[v] > 0 || r.setup.ended(v) }
	failed := count(step.Failed) || r.options.FailOnFlaky && count(step.Flaky) || r.timedOut
	left := r.behind(o)
	switch {
	case failed:
		o.Verdict, o.ExitCode = step.Failed, ExitFailed
	case count(step.Errored):
		o.Verdict, o.ExitCode = step.Errored, ExitErrored
	case count(step.Inconclusive):
		o.Verdict, o.ExitCode = step.Inconclusive, ExitInconclusive
	case count(step.Flaky):
		o.Verdict = step.Flaky
	case count(step.Passed):
		o.Verdict = step.Passed
	default:
		o.Verdict = step.Skipped
	}
	if left && (o.ExitCode == 0 || o.ExitCode == ExitInconclusive) {
		o.ExitCode = ExitLeft
	}
	if r.interrupted {
		o.ExitCode = ExitInterrupted
		if !failed {
			o.Verdict = step.Errored
		}
	}
}

// behind reports whether something is left that nobody wanted to keep.
func (r *runner) behind(o *Outcome) bool {
	residue := slices.ContainsFunc(o.Drift, func(d journal.Drift) bool { return d.Ours && !d.Kept })
	return residue || len(o.Left) > 0 && r.options.Cleanup != CleanupKeep
}
