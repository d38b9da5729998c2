package assert

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/observe"
)

var (
	// errTimeout is the cause of a context whose time, as this step counts it, is over.
	errTimeout = errors.New("timed out")
	// errHeld ends the watches when the claims held for long enough.
	errHeld = fmt.Errorf("the claims held: %w", kube.ErrEnough)
)

// lookTime is how long a single look at all sources may take, beside the time that the author gives the claims.
const lookTime = time.Minute

type asserting struct{ env *kube.Env }

// run is the life of one assert.
func (a asserting) run(ctx context.Context, run *step.Run, c Config) (Outputs, error) {
	limit := lookTime + c.span()
	if c.Within > 0 {
		limit = c.Within
	}
	limited, cancel := context.WithTimeoutCause(ctx, limit, errTimeout)
	defer cancel()
	b, err := newBoard(limited, run, a.env, &c)
	if err == nil {
		err = b.decide(limited)
	}
	return b.outputs(), b.ended(ctx, limited, err)
}

// decide judges the claims as the author wants it.
func (b *board) decide(ctx context.Context) error {
	switch {
	case b.c.Within > 0:
		return b.eventually(ctx)
	case b.c.span() > 0:
		return b.consistently(ctx)
	}
	return b.now(ctx)
}

// now judges one look at everything.
func (b *board) now(ctx context.Context) error {
	if err := b.read(ctx, func(*seat) bool { return true }); err != nil {
		return err
	}
	if findings := b.judge(0); len(findings) > 0 {
		return b.failure(ctx, findings, "")
	}
	return nil
}

// eventually waits until all claims hold at once.
func (b *board) eventually(ctx context.Context) error {
	var last []finding
	err := b.watch(ctx, false, func(observe.Look) (bool, error) {
		findings := b.judge(0)
		if err := broken(findings); err != nil {
			return false, err
		}
		if len(findings) == 0 {
			var err error
			if findings, err = b.confirm(ctx, findings, 0); err != nil {
				return false, err
			}
		}
		last = findings
		b.progress(findings)
		return len(findings) == 0, nil
	})
	if errors.Is(err, errDecided) {
		return nil
	}
	if ctx.Err() != nil && !step.Interrupted(ctx) && len(last) > 0 {
		return b.failure(ctx, last, " and did not become true within "+observe.Span(b.waited()))
	}
	return err
}

// waited returns the time that the author gave, or less when others ended the step.
func (b *board) waited() time.Duration {
	if took := time.Since(b.start); took < b.c.Within {
		return took.Round(time.Millisecond)
	}
	return b.c.Within
}

// consistently watches that the claims hold all the time.
func (b *board) consistently(ctx context.Context) error {
	watched, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	span := b.c.span()
	var began, missed time.Time
	var timer *time.Timer
	var findings []finding
	var unknown error // why a look that violated the claims could not be confirmed
	violated := false
	err := b.watch(watched, true, func(l observe.Look) (bool, error) {
		if timer == nil {
			began = time.Now()
			timer = time.AfterFunc(span, func() { stop(errHeld) })
		} else if l.Missed {
			missed = l.At
		}
		after := l.At.Sub(began)
		var err error
		if findings = b.judge(after); len(findings) > 0 {
			// Not within the span: a violation whose confirmation takes longer than what is left of it is one all the same.
			findings, err = b.confirm(ctx, findings, after)
		}
		violated = err == nil && len(findings) > 0
		unknown = err
		b.progress(findings)
		return violated, err
	})
	if timer != nil {
		timer.Stop()
	}
	switch {
	case violated:
		return b.failure(ctx, findings, b.moment(findings, began))
	case unknown != nil:
		return unknown
	case errors.Is(err, errHeld) && !missed.IsZero():
		return step.Inconclude("the claims held at every look for %s, but a watch was interrupted %s after the start and it is not known what happened meanwhile",
			observe.Span(span), observe.Span(missed.Sub(began).Round(time.Millisecond)))
	case errors.Is(err, errHeld) && b.blind:
		return step.Inconclude("the claims held at every look for %s, but %v", observe.Span(span), kube.ErrBlind)
	case errors.Is(err, errHeld):
		return nil
	}
	return err
}

// moment says when a claim that had to hold all the time did not.
func (b *board) moment(findings []finding, began time.Time) string {
	at := began
	for _, s := range b.concerned(findings) {
		if s.look.At.After(at) {
			at = s.look.At
		}
	}
	return fmt.Sprintf(", %s into the %s that were watched", observe.Span(at.Sub(began).Round(time.Millisecond)), observe.Span(b.c.span()))
}

func (b *board) progress(findings []finding) {
	switch {
	case len(findings) == 0 && len(b.claims) == 1:
		b.run.Progress("1 claim holds")
		return
	case len(findings) == 0:
		b.run.Progress("%d claims hold", len(b.claims))
		return
	}
	says := make([]string, len(findings))
	for i, f := range findings {
		says[i] = f.says()
	}
	b.run.Progress("%s", strings.Join(says, "; "))
}

// ended tells the end of the time from other errors.
func (b *board) ended(ctx, limited context.Context, err error) error {
	_, explained := errors.AsType[*step.Failure](err)
	switch {
	case err == nil || explained || limited.Err() == nil:
		return err
	case step.Interrupted(ctx):
		return ctx.Err()
	}
	var unseen []string
	for _, s := range b.seats {
		if !s.seen {
			unseen = append(unseen, s.name)
		}
	}
	f := &step.Failure{
		Verdict: step.Errored,
		Message: fmt.Sprintf("timed out after %s before %s could be looked at", observe.Span(time.Since(b.start).Round(time.Millisecond)), strings.Join(unseen, ", ")),
	}
	if !errors.Is(err, errTimeout) && !errors.Is(err, context.DeadlineExceeded) {
		f.Cause = err
	}
	return f
}

func inSource(name string, err error) error { return fmt.Errorf("given.%s: %w", name, err) }
