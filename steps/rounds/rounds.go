// Package rounds executes the steps inside a container more than once: for each item of a list, for each attempt, for
// each row of a data set. It declares no step.
package rounds

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

// Plan says what is executed and how often.
type Plan struct {
	Block    step.Block
	Times    int
	Parallel int                    // rounds at once, at least 1
	Locals   func(i int) eval.Scope // names that the steps of a round see
	Describe func(i int) string     // what a round is about, for the progress
	// Enough, when given, is asked after each round with all that have ended. True means that no further one is begun.
	Enough func(ended []Round) bool
}

// Round is one execution of the steps.
type Round struct {
	Index int
	Took  time.Duration
	Steps map[string]any // outputs of the steps that finished, by their ids
	Err   error          // why the round did not pass
}

// Verdict returns how the round ended.
func (r Round) Verdict() step.Verdict { return step.VerdictOf(r.Err) }

// Message says why the round did not pass, "" when it did.
func (r Round) Message() string {
	if r.Err == nil {
		return ""
	}
	return r.Err.Error()
}

// Bad reports whether the round neither passed nor was skipped by its own steps.
func (r Round) Bad() bool { return r.Err != nil && r.Verdict() != step.Skipped }

// Execute returns the rounds that were begun, in their order. The error is that of ctx, when it ended before all rounds
// that there should have been.
func Execute(ctx context.Context, run *step.Run, p Plan) ([]Round, error) {
	ended := make(chan Round)
	var out []Round
	next, running, stop := 0, 0, false
	for {
		stop = stop || ctx.Err() != nil
		if !stop && next < p.Times && running < p.Parallel {
			run.Progress("%s", p.Describe(next))
			go func(i int) { ended <- one(ctx, run, p, i) }(next)
			next++
			running++
			continue
		}
		if running == 0 {
			break
		}
		out = append(out, <-ended)
		running--
		stop = stop || p.Enough != nil && p.Enough(out)
	}
	slices.SortFunc(out, func(a, b Round) int { return cmp.Compare(a.Index, b.Index) })
	if len(out) < p.Times {
		return out, context.Cause(ctx)
	}
	return out, nil
}

func one(ctx context.Context, run *step.Run, p Plan, i int) Round {
	start := time.Now()
	steps, err := run.Host.Execute(ctx, p.Block, step.Execution{Name: fmt.Sprintf("%s.%d", run.ID, i+1), Locals: p.Locals(i)})
	return Round{Index: i, Took: time.Since(start), Steps: steps, Err: err}
}

// Worst returns the worst verdict of rounds, Passed when none is bad.
func Worst(rounds []Round) step.Verdict {
	for _, v := range []step.Verdict{step.Failed, step.Errored, step.Inconclusive} {
		if slices.ContainsFunc(rounds, func(r Round) bool { return r.Verdict() == v }) {
			return v
		}
	}
	return step.Passed
}
