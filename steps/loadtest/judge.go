package loadtest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

// tooLate is the share of requests that may leave late before times that are too long say nothing about the server.
const tooLate = 0.05

// judge says whether the outcome is as expected.
func (t *test) judge(out *Outputs) error {
	if t.config.Expect != nil && len(t.config.Expect.That) > 0 {
		return t.judgeConditions(out)
	}
	if out.Failed == 0 {
		return nil
	}
	_, reason, _ := strings.Cut(out.reasons()[0], "  ")
	return t.explain(step.Fail("%d of %d requests failed: %s", out.Failed, out.Requests, reason), out)
}

func (t *test) judgeConditions(out *Outputs) error {
	scope := t.run.Scope.With("result", eval.ValueOfStruct(*out))
	var wrong []string
	onTimesAlone := true
	f := step.Fail("")
	for _, that := range t.config.Expect.That {
		ok, err := that.Eval(scope)
		if err != nil {
			return t.explain(&step.Failure{Verdict: step.Errored, Message: fmt.Sprintf("%s can't be told: %s", that.Source(), err)}, out)
		}
		if ok {
			continue
		}
		wrong = append(wrong, that.Source())
		onTimesAlone = onTimesAlone && ofTimes(that)
		for _, o := range that.Explain(scope) {
			f.With(o.Text, o.Value) //nolint:errcheck // it returns the failure itself
		}
	}
	if len(wrong) == 0 {
		return nil // a time holds our own lateness, so one that is short enough is so without it, too
	}
	f.Message = fmt.Sprintf("not true of %d requests: %s", out.Requests, strings.Join(wrong, "; "))
	if onTimesAlone && float64(out.Late) > tooLate*float64(out.Requests) {
		f.Verdict = step.Inconclusive
		f.Message += fmt.Sprintf("; but this machine could not keep the rate: %d requests left more than %s late, so these times say nothing about the server", out.Late, noticeable)
	}
	return t.explain(f, out)
}

// ofTimes reports whether a condition is about nothing but times, which are longer when requests leave late.
func ofTimes(that eval.Expr[bool]) bool {
	times := []string{"mean", "min", "p50", "p90", "p95", "p99", "max", "took", "rate"}
	for _, r := range that.Program().References {
		if r.Path[0] == "result" && (len(r.Path) < 2 || !slices.Contains(times, r.Path[1])) {
			return false
		}
	}
	return true
}

// explain adds what was measured.
func (t *test) explain(f *step.Failure, out *Outputs) error {
	f.Explain("times", out.times()) //nolint:errcheck // it returns the failure itself
	return f.Explain("failed", out.reasons()...)
}
