package repeat

import (
	"context"
	"fmt"
	"slices"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/rounds"
)

// usualConfidence is that of the interval that is shown when the author asks for none.
const usualConfidence = 0.95

// maxShown is how many attempts that did not pass are shown one by one.
const maxShown = 10

func run(ctx context.Context, run *step.Run, c Config) (Outputs, error) {
	j := judge{config: c}
	plan := rounds.Plan{
		Block: c.Steps, Times: c.Times, Parallel: c.Parallel,
		Locals:   func(i int) eval.Scope { return eval.Scope{"attempt": i + 1} },
		Describe: func(i int) string { return fmt.Sprintf("attempt %d of %d", i+1, c.Times) },
	}
	if c.StopEarly {
		plan.Enough = func(ended []rounds.Round) bool { return j.settled(countOf(ended)) }
	}
	ended, err := rounds.Execute(ctx, run, plan)
	if err == nil {
		err = j.verdict(ended)
	}
	return j.outputs(ended), err
}

// tally is how attempts ended.
type tally struct{ made, passed, failed, unknown int }

func countOf(ended []rounds.Round) tally {
	t := tally{made: len(ended)}
	for _, r := range ended {
		switch r.Verdict() {
		case step.Passed:
			t.passed++
		case step.Failed:
			t.failed++
		default:
			t.unknown++
		}
	}
	return t
}

// judge knows what an author asks for.
type judge struct{ config Config }

// settled reports whether the verdict stays the same however the attempts end that were not made. With a confidence
// asked for nothing is settled early: an interval that is looked at again and again is crossed by chance sooner or later.
func (j judge) settled(t tally) bool {
	if j.config.Confidence > 0 || t.unknown > 0 {
		return false
	}
	all := float64(j.config.Times)
	least, most := float64(t.passed)/all, float64(j.config.Times-t.failed)/all
	return j.config.Pass.Met(least) || !j.config.Pass.Met(most)
}

// verdict is nil when the share is large enough. Attempts that could not be judged are taken for failed and for passed in
// turn: only if both come to the same is anything known.
func (j judge) verdict(ended []rounds.Round) error {
	t := countOf(ended)
	worst, best := j.judged(t.passed, t), j.judged(t.passed+t.unknown, t)
	switch {
	case worst == step.Passed:
		return nil
	case best == step.Failed:
		return j.explain(step.Fail("%s, less than the %s asked for", j.share(t), j.config.Pass), ended)
	case worst == best:
		lower, upper := interval(t.passed, t.made, j.config.Confidence)
		return j.explain(step.Inconclude("%s: the %s confidence interval, %.3f to %.3f, has %s inside it; more attempts would decide",
			j.share(t), percent(j.config.Confidence), lower, upper, j.config.Pass), ended)
	}
	return j.explain(&step.Failure{
		Verdict: step.Errored,
		Message: fmt.Sprintf("%s, and %d could not be judged, which decide whether it is %s", j.share(t), t.unknown, j.config.Pass),
	}, ended)
}

// judged returns what passed attempts mean when the rest counts as failed.
func (j judge) judged(passed int, t tally) step.Verdict {
	if j.config.Confidence == 0 {
		all, left := float64(j.config.Times), j.config.Times-t.made // left is 0 unless the rest can't change anything
		switch {
		case j.config.Pass.Met(float64(passed) / all):
			return step.Passed
		case !j.config.Pass.Met(float64(passed+left) / all):
			return step.Failed
		}
		return step.Inconclusive
	}
	lower, upper := interval(passed, t.made, j.config.Confidence)
	switch {
	case j.config.Pass.Met(lower):
		return step.Passed
	case !j.config.Pass.Met(upper):
		return step.Failed
	}
	return step.Inconclusive
}

func (j judge) share(t tally) string {
	return fmt.Sprintf("%d of %d attempts passed", t.passed, t.made)
}

// explain adds the interval and the attempts that did not pass.
func (j judge) explain(f *step.Failure, ended []rounds.Round) error {
	t := countOf(ended)
	confidence := j.confidence()
	lower, upper := interval(t.passed, t.made, confidence)
	f.With("share", fmt.Sprintf("%.3f, %s confidence interval %.3f to %.3f", float64(t.passed)/float64(max(t.made, 1)), percent(confidence), lower, upper))
	bad := slices.DeleteFunc(slices.Clone(ended), func(r rounds.Round) bool { return r.Err == nil })
	for _, r := range bad[:min(len(bad), maxShown)] {
		f.With(fmt.Sprintf("attempt %d", r.Index+1), r.Message())
	}
	if more := len(bad) - maxShown; more > 0 {
		f.With("more", fmt.Sprintf("%d further attempts did not pass", more))
	}
	return f
}

func (j judge) confidence() float64 {
	if j.config.Confidence > 0 {
		return j.config.Confidence
	}
	return usualConfidence
}

func (j judge) outputs(ended []rounds.Round) Outputs {
	t := countOf(ended)
	out := Outputs{Attempts: t.made, Passed: t.passed, Failed: t.failed, Errored: t.unknown, Results: []Result{}}
	if t.made > 0 {
		out.Rate = float64(t.passed) / float64(t.made)
	}
	out.Lower, out.Upper = interval(t.passed, t.made, j.confidence())
	for _, r := range ended {
		out.Results = append(out.Results, Result{
			Attempt: r.Index + 1, Verdict: string(r.Verdict()), Message: r.Message(), Seconds: r.Took.Seconds(), Steps: r.Steps,
		})
	}
	return out
}
