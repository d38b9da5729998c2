package monitor

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/observe"
	"github.com/scenario-runner/scenario-runner/steps/rounds"
)

// errAlone ends the watch when the steps beside this one have ended, errTooLong when an outage lasts too long.
var (
	errAlone   = fmt.Errorf("the steps beside it have ended: %w", kube.ErrEnough)
	errTooLong = errors.New("the outage lasts too long")
)

// maxOutages is how many outages an explanation tells.
const maxOutages = 10

type monitoring struct{ env *kube.Env }

func (m monitoring) run(ctx context.Context, run *step.Run, c Config) (Outputs, error) {
	watched, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	subject, err := c.Open(watched, run, m.env)
	if err != nil {
		return Outputs{}, err
	}
	w := &watch{run: run, c: &c, subject: subject, start: time.Now(), stop: stop, record: record{asked: subject.Asked}}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		select {
		case <-run.Host.Alone():
			stop(errAlone)
		case <-watched.Done():
		}
	}()
	err = subject.WatchEvery(watched, w.see)
	if w.timer != nil {
		w.timer.Stop()
	}
	cause := context.Cause(watched)
	stop(nil)
	<-ended
	w.record.finish(time.Now())
	out := w.record.outputs()
	switch {
	case w.abort != nil:
		return out, w.abort
	case errors.Is(cause, errTooLong):
		f := step.Fail("the scenario is aborted: the steady state was broken for %s, the most that abortAfter allows: %s", observe.Span(c.AbortAfter), w.saw())
		f.Abort = true
		return out, w.explain(context.WithoutCancel(ctx), f, out)
	case !errors.Is(cause, errAlone):
		return out, err
	case errors.Is(err, kube.ErrBlind):
		w.blind = true
	}
	return out, w.verdict(context.WithoutCancel(ctx), out)
}

// watch is what one run of the step knows. The source calls see from one goroutine at a time.
type watch struct {
	run     *step.Run
	c       *Config
	subject *observe.Subject
	start   time.Time
	stop    context.CancelCauseFunc
	record  record
	worst   observe.Look // the look at which the first outage began
	broken  bool         // there was one
	blind   bool         // nothing was seen for a while
	timer   *time.Timer
	abort   error
}

func (w *watch) see(l observe.Look) (bool, error) {
	up := true // until abortIf says otherwise
	if w.c.That.IsSet() {
		holds, err := w.holds(w.c.That, l)
		if err != nil {
			return false, fmt.Errorf("that: %w", err)
		}
		up = holds
	}
	w.blind = w.blind || l.Missed
	w.record.add(up, l.At, w.start, l.String())
	if !up && !w.broken {
		w.broken, w.worst = true, l
	}
	w.alarm(up)
	w.progress(up)
	if w.c.AbortIf.IsSet() {
		harm, err := w.holds(w.c.AbortIf, l)
		if err != nil {
			return false, fmt.Errorf("abortIf: %w", err)
		}
		if harm {
			w.abort = &step.Failure{Verdict: step.Failed, Message: "the scenario is aborted: abortIf is true: " + w.c.AbortIf.Source() + "; " + l.String(), Abort: true}
			return true, nil
		}
	}
	return false, nil
}

// holds evaluates a condition at a look. What is not there does not hold; every other problem is a problem.
func (w *watch) holds(condition eval.Expr[bool], l observe.Look) (bool, error) {
	scope := maps.Clone(w.run.Scope)
	scope[w.subject.Name] = l.Value
	ok, err := condition.Eval(scope)
	if _, missing := errors.AsType[*eval.MissingError](err); missing {
		return false, nil
	}
	return ok, err
}

// alarm keeps the timer of abortAfter.
func (w *watch) alarm(up bool) {
	switch {
	case w.c.AbortAfter <= 0:
	case up && w.timer != nil:
		w.timer.Stop()
		w.timer = nil
	case !up && w.timer == nil:
		left := max(w.c.AbortAfter-w.record.outage(time.Now()), 0)
		w.timer = time.AfterFunc(left, func() { w.stop(errTooLong) })
	}
}

func (w *watch) progress(up bool) {
	if up {
		w.run.Progress("holds; %d looks so far", w.record.samples)
		return
	}
	w.run.Progress("broken: %s", w.record.saw)
}

// saw returns what was seen when the newest outage began.
func (w *watch) saw() string { return w.record.saw }

// verdict holds what was seen against the objectives.
func (w *watch) verdict(ctx context.Context, out Outputs) error {
	if out.Samples == 0 {
		return step.Inconclude("%s was never seen, so nothing is known of the steady state", w.subject)
	}
	var missed []string
	availability := w.c.Availability
	if availability == (rounds.Share{}) && w.c.LongestOutage == 0 && w.c.Downtime == 0 {
		availability = rounds.Share{Least: 1}
	}
	if !availability.Met(out.Availability) {
		missed = append(missed, fmt.Sprintf("the steady state held %.2f %% of %s, less than the %s asked for", out.Availability*100, span(out.Watched), availability))
	}
	if limit := w.c.LongestOutage; limit > 0 && out.LongestOutage > limit {
		missed = append(missed, fmt.Sprintf("the longest outage took %s, more than the %s allowed", span(out.LongestOutage), span(limit)))
	}
	if limit := w.c.Downtime; limit > 0 && out.Downtime > limit {
		missed = append(missed, fmt.Sprintf("all outages together took %s, more than the %s allowed", span(out.Downtime), span(limit)))
	}
	switch {
	case len(missed) > 0:
		f := step.Fail("%s", missed[0])
		for _, more := range missed[1:] {
			f.With("also", more)
		}
		return w.explain(ctx, f, out)
	case w.blind:
		return step.Inconclude("the objectives hold for all that was seen, but the watch was interrupted and it is not known what happened meanwhile")
	}
	return nil
}

// explain adds the outages, and what is known of the first of them.
func (w *watch) explain(ctx context.Context, f *step.Failure, out Outputs) error {
	if w.c.That.IsSet() {
		f.With("steady state", w.c.That.Source())
	}
	f.With("availability", fmt.Sprintf("%.2f %% of %s, %d looks", out.Availability*100, span(out.Watched), out.Samples))
	title := fmt.Sprintf("%d outages", len(out.Outages))
	if len(out.Outages) == 1 {
		title = "1 outage"
	}
	f.Explain(title, w.record.lines(maxOutages)...)
	if w.broken {
		limited, cancel := context.WithTimeout(ctx, explainTime)
		defer cancel()
		f.Sections = append(f.Sections, w.subject.Explain(limited, w.worst)...)
	}
	return f
}

// explainTime is how long collecting evidence may take.
const explainTime = 10 * time.Second

func span(d time.Duration) string { return observe.Span(d.Round(time.Millisecond)) }
