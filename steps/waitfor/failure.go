package waitfor

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube/explain"
	"github.com/scenario-runner/scenario-runner/steps/observe"
)

// evidenceTime is how long the collection of evidence may take once the wait is over.
const evidenceTime = 3 * time.Second

func inExpression(field, source string, err error) error {
	return fmt.Errorf("%s: %s: %w", field, source, err)
}

// ended explains the end of a wait that was not met: the time is over, the user had enough, or something broke.
func (w *wait) ended(ctx, limited context.Context, err error) error {
	_, explained := errors.AsType[*step.Failure](err)
	switch {
	case explained || limited.Err() == nil:
		return err
	case step.Interrupted(ctx):
		return ctx.Err()
	case w.looks == 0:
		return w.blind(err)
	}
	return w.timeout()
}

// blind says that there was never anything to judge by, which is not the same as a condition that is false.
func (w *wait) blind(err error) error {
	f := &step.Failure{
		Verdict: step.Errored,
		Message: fmt.Sprintf("timed out after %s before %s could be looked at even once", observe.Span(w.waited()), w.c.Source),
	}
	if !errors.Is(err, errTimeout) && !errors.Is(err, context.DeadlineExceeded) {
		f.Cause = err
	}
	return f
}

// waited returns the time limit when it is what ended the wait, else the time that others gave it.
func (w *wait) waited() time.Duration {
	// The engine's clock of the same limit starts a moment before ours.
	if took := time.Since(w.start); took < w.limit-min(w.limit/10, 100*time.Millisecond) {
		return took.Round(time.Millisecond)
	}
	return w.limit
}

func (w *wait) timeout() error {
	text := short(w.conditions)
	if w.c.HoldsFor > 0 {
		text += fmt.Sprintf(" for %s", observe.Span(w.c.HoldsFor))
	}
	f := step.Fail("timed out after %s waiting until %s", observe.Span(w.waited()), text)
	if w.last.missing != nil {
		f.Message += ": " + w.last.missing.Brief()
	}
	if !w.since.IsZero() {
		w.longest = max(w.longest, time.Since(w.since))
	}
	if w.c.HoldsFor > 0 {
		f.With("held at the longest for", observe.Span(w.longest.Round(10*time.Millisecond)))
	}
	return w.explained(f, w.operands(w.last.view, false))
}

// fail says that failIf is true.
func (w *wait) fail(j judgement) error {
	f := step.Fail("failIf is true: %s", w.c.FailIf.Source())
	return w.explained(f, w.c.FailIf.Explain(j.view.scope))
}

// giveUp says that waiting can't help any more.
func (w *wait) giveUp(found *explain.Finding) error {
	f := step.Fail("waiting until %s can't succeed any more: %s", short(w.conditions), found)
	f = w.explained(f, w.operands(w.last.view, false))
	return f.With("to wait all the same", fmt.Sprintf("tolerate: [%s]", found.Reason))
}

// explained adds what is known of the newest look and how it came about.
func (w *wait) explained(f *step.Failure, operands []eval.Operand) *step.Failure {
	v, missing := w.last.view, w.last.missing
	operands = observe.WithoutMissing(operands, missing)
	for _, o := range operands {
		f.With(o.Text, o.Value)
	}
	if w.c.Where.IsSet() {
		f.With("matches", fmt.Sprintf("%d of %d", len(v.chosen), len(v.Items)))
	}
	if missing != nil {
		f.Facts = append(f.Facts, observe.MissingFacts(missing)...)
	}
	if len(operands) > 0 && v.Value != nil {
		f.WithDetail("last seen", v.String()) // the operands say more
	} else {
		f.With("last seen", v.String())
	}
	f.Explain("how it got there", w.history.Lines(w.describe)...)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(w.ctx), evidenceTime)
	defer cancel()
	f.Sections = append(f.Sections, w.subject.Explain(ctx, v.Look)...)
	return f
}

// operands returns the values that decide the conditions.
func (w *wait) operands(v view, all bool) []eval.Operand {
	var out []eval.Operand
	for _, c := range w.conditions {
		if !c.until.IsSet() {
			continue
		}
		if holds, err := c.holds(v); all || err != nil || !holds {
			out = append(out, c.until.Explain(v.scope)...)
		}
	}
	return out
}

// describe says of a look in the history what decides the conditions.
func (w *wait) describe(l observe.Look) string {
	m, err := w.match(l)
	if err != nil {
		return l.String()
	}
	var parts []string
	for _, o := range w.operands(w.view(l, m.sure), true) {
		parts = append(parts, o.Text+" "+o.Value)
	}
	if len(parts) == 0 {
		parts = append(parts, l.String())
	}
	if w.c.Where.IsSet() {
		parts = append(parts, fmt.Sprintf("matches %d of %d", len(m.sure), len(l.Items)))
	}
	return strings.Join(parts, ", ")
}
