package waitfor

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/observe"
)

// errHeld ends the watch when the condition was true for long enough.
var errHeld = fmt.Errorf("the condition held: %w", kube.ErrEnough)

// errTimeout is the cause of a context whose time, as this step counts it, is over.
var errTimeout = errors.New("timed out")

type waiting struct{ env *kube.Env }

// run is the life of one waitFor.
func (k waiting) run(ctx context.Context, run *step.Run, c Config) (Outputs, error) {
	limit := limitOf(run, &c)
	limited, cancel := context.WithTimeoutCause(ctx, limit, errTimeout)
	defer cancel()
	w := newWait(run, &c, limit)
	subject, err := c.Open(limited, run, k.env)
	if err != nil {
		return Outputs{}, w.ended(ctx, limited, err)
	}
	return w.await(ctx, limited, subject)
}

// await watches subject until the wait is met, given up or over. ctx is the step's, limited has our own time limit.
func (w *wait) await(ctx, limited context.Context, subject *observe.Subject) (Outputs, error) {
	w.subject = subject
	watched, stop := context.WithCancelCause(limited)
	defer stop(nil)
	w.ctx, w.stop = watched, stop
	watch := subject.Watch
	if w.c.HoldsFor > 0 {
		watch = subject.WatchEvery
	}
	err := watch(watched, w.see)
	if w.timer != nil {
		w.timer.Stop()
	}
	stop(nil)
	w.sentinel.Wait()
	var given *givenUp
	switch cause := context.Cause(watched); {
	case errors.Is(cause, errHeld) && errors.Is(err, kube.ErrBlind):
		return w.outputs(), step.Inconclude("the condition was true at every look for %s, but %v", observe.Span(w.c.HoldsFor), kube.ErrBlind)
	case err == nil || errors.Is(cause, errHeld):
		return w.finish()
	case errors.As(cause, &given):
		return w.outputs(), w.giveUp(given.finding)
	}
	return w.outputs(), w.ended(ctx, limited, err)
}

// limitOf returns the time limit: what the author wrote here, and what the engine holds the step to.
func limitOf(run *step.Run, c *Config) time.Duration {
	switch {
	case c.Timeout > 0 && (run.Timeout <= 0 || c.Timeout < run.Timeout):
		return c.Timeout
	case run.Timeout > 0:
		return run.Timeout
	}
	return step.DefaultTimeout
}

// wait is what one run of the step knows. The watch calls see from one goroutine at a time.
type wait struct {
	run        *step.Run
	c          *Config
	conditions []condition
	limit      time.Duration
	start      time.Time

	ctx     context.Context //nolint:containedctx // the life of the watch that calls see
	stop    context.CancelCauseFunc
	subject *observe.Subject

	looks    int
	history  observe.History
	last     judgement // of the newest look
	shown    string    // newest progress
	since    time.Time // when the condition became true, zero while it is not
	longest  time.Duration
	held     judgement // the newest one that was true
	timer    *time.Timer
	sentinel sync.WaitGroup
	guarded  bool // the sentinel was started
}

func newWait(run *step.Run, c *Config, limit time.Duration) *wait {
	start := time.Now()
	return &wait{run: run, c: c, conditions: conditionsOf(c), limit: limit, start: start, history: observe.History{Start: start}}
}

// see looks at one state and decides whether the wait is over.
func (w *wait) see(l observe.Look) (bool, error) {
	w.looks++
	w.history.Add(l)
	j, err := w.judge(l)
	if err != nil {
		return false, err
	}
	if l.Stored && (j.holds || j.fails) {
		// Nothing was waited for yet, so the stored state may be from before what an earlier step caused outside.
		if j, err = w.again(); err != nil {
			return false, err
		}
	}
	w.last = j
	switch {
	case j.fails:
		return false, w.fail(j)
	case !j.holds:
		w.broken()
		w.progress(j)
		w.guard()
		return false, nil
	case w.c.HoldsFor > 0:
		w.hold(j)
		return false, nil
	}
	return true, nil
}

// again judges a state that is read from the server.
func (w *wait) again() (judgement, error) {
	fresh, err := w.subject.Once(w.ctx)
	if err != nil {
		return judgement{}, err
	}
	w.history.Add(fresh)
	return w.judge(fresh)
}

// hold counts for how long the condition has been true. A gap in the watch may hide that it was not.
func (w *wait) hold(j judgement) {
	w.held = j
	if !w.since.IsZero() && !j.view.Missed {
		return
	}
	w.broken()
	w.since = time.Now()
	w.timer = time.AfterFunc(w.c.HoldsFor, func() { w.stop(errHeld) })
	w.run.Progress("%s; it must hold for %s", j.view.String(), observe.Span(w.c.HoldsFor))
}

// broken notes that the condition is not true.
func (w *wait) broken() {
	if w.since.IsZero() {
		return
	}
	w.timer.Stop()
	w.longest = max(w.longest, time.Since(w.since))
	w.since = time.Time{}
}

func (w *wait) progress(j judgement) {
	text := j.view.String()
	if j.missing != nil {
		text += "; " + j.missing.Error()
	}
	if text != w.shown {
		w.shown = text
		w.run.Progress("%s", text)
	}
}

// finish returns the outputs of a wait that was met.
func (w *wait) finish() (Outputs, error) {
	j := w.last
	if w.c.HoldsFor > 0 {
		j = w.held
	}
	w.last = j
	out := w.outputs()
	out.Captured = map[string]any{}
	for _, name := range captureNames(w.c) {
		value, err := w.c.Capture[name].Eval(j.view.scope)
		if err != nil {
			return out, fmt.Errorf("the condition is met, but capture.%s can't be taken: %w", name, err)
		}
		out.Captured[name] = value
	}
	return out, nil
}

func (w *wait) outputs() Outputs {
	v := w.last.view
	out := Outputs{Took: time.Since(w.start), Looks: w.looks, ResourceVersion: v.ResourceVersion, Count: len(v.chosen), Matched: v.matched()}
	if len(out.Matched) > 0 {
		out.Match = out.Matched[0]
	}
	if w.c.Traits().Cluster {
		if out.Objects = v.Items; !w.c.Traits().Lists {
			out.Object = v.Value
		}
	}
	return out
}
