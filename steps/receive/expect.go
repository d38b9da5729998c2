package receive

import (
	"context"
	"fmt"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/inbox"
	"github.com/scenario-runner/scenario-runner/steps/web"
)

// judgement is what one look at a sink gave.
type judgement struct {
	state    inbox.State
	counted  []any  // the requests that count
	doubtful []int  // numbers of requests of which where could not be told
	doubt    error  // of the first of them, or of that
	unfit    unfit  // the first request that does not fit the schema
	missing  string // why the claim is not true (yet); "" when it is
	broken   bool   // it can't become true any more
}

// waiting is one use of expect.
type waiting struct {
	run    *step.Run
	config *Expect
	box    *inbox.Box
	schema *web.Schema
	fit    int // how many requests, from the first one, were held to the schema
	last   judgement
}

// unfit is a request whose body does not fit the schema.
type unfit struct {
	number int
	wrong  []string // none when there is no such request
}

// expect looks at the sink now and each time that something arrives.
func expect(ctx context.Context, run *step.Run, e *Expect, sinks *inbox.Registry[inbox.Box]) (Outputs, error) {
	box, err := sinks.Get(run, e.From)
	if err != nil {
		return Outputs{}, err
	}
	schema, err := web.CompileSchema(e.Schema)
	if err != nil {
		return Outputs{}, fmt.Errorf("schema: %w", err)
	}
	w := &waiting{run: run, config: e, box: box, schema: schema}
	err = w.wait(ctx)
	out := Outputs{Count: len(w.last.counted), Requests: w.last.counted}
	if len(out.Requests) > 0 {
		out.Request = out.Requests[0]
	}
	return out, err
}

// wait returns nil once the claim is true and has stayed true for holdsFor.
func (w *waiting) wait(ctx context.Context) error {
	var within, holds <-chan time.Time // nil channels never fire
	if w.config.Within > 0 {
		timer := time.NewTimer(w.config.Within)
		defer timer.Stop()
		within = timer.C
	}
	for {
		w.look()
		switch {
		case w.last.broken:
			return w.fail("")
		case w.last.missing != "":
			holds = nil
		case w.config.HoldsFor == 0:
			return w.sure()
		case holds == nil:
			timer := time.NewTimer(w.config.HoldsFor)
			defer timer.Stop()
			holds = timer.C
		}
		w.progress(holds != nil)
		select {
		case <-w.last.state.Changed:
		case <-holds:
			w.look() // what arrived in the last moment counts
			if w.last.missing == "" {
				return w.sure()
			}
			holds = nil
		case <-pending(within, holds):
			return w.fail(" within " + w.config.Within.String())
		case <-ctx.Done():
			if step.Interrupted(ctx) {
				return ctx.Err()
			}
			return w.fail(" before the step timed out")
		}
	}
}

// pending is within, unless the claim is true and only has to stay so: that may take longer.
func pending(within, holds <-chan time.Time) <-chan time.Time {
	if holds != nil {
		return nil
	}
	return within
}

func (w *waiting) progress(holds bool) {
	n := requests(len(w.last.state.Requests))
	if holds {
		w.run.Progress("%s received %s, as it should; watching that it stays so for %s", w.config.From, n, w.config.HoldsFor)
		return
	}
	w.run.Progress("%s received %s: %s", w.config.From, n, w.last.missing)
}

// look judges what the sink holds now.
func (w *waiting) look() {
	j := judgement{state: w.box.State()}
	all := j.state.Values()
	if j.unfit = w.hold(j.state.Requests); len(j.unfit.wrong) > 0 {
		j.missing, j.broken = fmt.Sprintf("the body of request %d does not fit the schema: %s", j.unfit.number, j.unfit.wrong[0]), true
		w.last = j
		return
	}
	for i, value := range all {
		counts := true
		if w.config.Where.IsSet() {
			var err error
			if counts, err = w.config.Where.Eval(w.run.Scope.With("request", value)); err != nil {
				j.doubtful = append(j.doubtful, i+1)
				if j.doubt == nil {
					j.doubt = err
				}
			}
		}
		if counts {
			j.counted = append(j.counted, value)
		}
	}
	j.missing, j.broken = w.config.count(len(j.counted))
	if j.missing == "" && w.config.That.IsSet() {
		j.missing = w.that(&j, all)
	}
	w.last = j
}

// hold compares the bodies of the requests that came since with the schema. Whether they count is not asked: a sender that
// misspells what where reads would never be seen.
func (w *waiting) hold(all []*inbox.Request) unfit {
	for ; w.schema != nil && w.fit < len(all); w.fit++ {
		if wrong := w.schema.Wrong(all[w.fit].Body); len(wrong) > 0 {
			return unfit{number: w.fit + 1, wrong: wrong}
		}
	}
	return unfit{}
}

// that evaluates the condition on all requests.
func (w *waiting) that(j *judgement, all []any) string {
	ok, err := w.config.That.Eval(w.run.Scope.With("requests", all))
	switch {
	case err != nil:
		j.doubt = err
		return fmt.Sprintf("%s can't be told: %s", w.config.That.Source(), err)
	case !ok:
		return w.config.That.Source() + " is not true"
	}
	return ""
}

// count compares the number of requests that count with what is expected.
func (e *Expect) count(n int) (missing string, broken bool) {
	switch {
	case e.Exactly != nil && n != *e.Exactly:
		return fmt.Sprintf("%s, expected exactly %d", e.matching(n), *e.Exactly), n > *e.Exactly
	case e.AtMost != nil && n > *e.AtMost:
		return fmt.Sprintf("%s, expected at most %d", e.matching(n), *e.AtMost), true
	}
	least := 0
	if e.AtLeast != nil {
		least = *e.AtLeast
	} else if e.Where.IsSet() && e.Exactly == nil && e.AtMost == nil {
		least = 1
	}
	if n < least {
		return fmt.Sprintf("%s, expected at least %d", e.matching(n), least), false
	}
	return "", false
}

func (e *Expect) matching(n int) string {
	if !e.Where.IsSet() {
		return requests(n)
	}
	if n == 1 {
		return "1 request has " + e.Where.Source()
	}
	return fmt.Sprintf("%s have %s", requests(n), e.Where.Source())
}

func requests(n int) string {
	if n == 1 {
		return "1 request"
	}
	return fmt.Sprintf("%d requests", n)
}

// sure is asked when the claim is true: an upper limit is only proved when every request could be judged and kept.
func (w *waiting) sure() error {
	j, limited := &w.last, w.config.Exactly != nil || w.config.AtMost != nil
	switch {
	case limited && len(j.doubtful) > 0:
		f := &step.Failure{Verdict: step.Errored, Message: fmt.Sprintf(
			"%s can't be told of request %d: %s", w.config.Where.Source(), j.doubtful[0], j.doubt)}
		return w.explain(f)
	case j.state.Lost > 0 && (limited || w.config.That.IsSet()):
		return w.overflow()
	}
	return nil
}

func (w *waiting) overflow() error {
	return w.explain(&step.Failure{Verdict: step.Errored, Message: fmt.Sprintf(
		"%s received %s and kept only %d, so nothing can be claimed about all of them; raise keep",
		w.config.From, requests(len(w.last.state.Requests)+w.last.state.Lost), len(w.last.state.Requests))})
}

// fail says what is not true, or that it could not be told.
func (w *waiting) fail(when string) error {
	j := &w.last
	message := w.config.From + ": " + j.missing + when
	switch {
	case j.state.Lost > 0 && !j.broken:
		return w.overflow()
	case j.doubt != nil && !j.broken && len(j.doubtful) == 0 && len(j.state.Requests) > 0:
		return w.explain(&step.Failure{Verdict: step.Errored, Message: message})
	case len(j.doubtful) > 0 && len(j.doubtful) == len(j.state.Requests): // most likely a misspelt field
		return w.explain(&step.Failure{Verdict: step.Errored, Message: fmt.Sprintf("%s; where can't be told of any request: %s", message, j.doubt)})
	}
	f := step.Fail("%s", message)
	if wrong := j.unfit.wrong; len(wrong) > 0 {
		if len(wrong) > 1 {
			f.Message += fmt.Sprintf(" (and %d more)", len(wrong)-1)
			f.Explain("schema", wrong...) //nolint:errcheck // it returns the failure itself
		}
		return w.explain(f)
	}
	w.operands(f)
	return w.explain(f)
}

// operands adds the values that made a condition false: of the list, and of the last request.
func (w *waiting) operands(f *step.Failure) {
	all := w.last.state.Values()
	var operands []eval.Operand
	if w.config.That.IsSet() {
		operands = w.config.That.Explain(w.run.Scope.With("requests", all))
	}
	if w.config.Where.IsSet() && len(all) > 0 && !w.last.broken {
		operands = append(operands, w.config.Where.Explain(w.run.Scope.With("request", all[len(all)-1]))...)
	}
	for _, o := range operands {
		f.With(o.Text, o.Value) //nolint:errcheck // it returns the failure itself
	}
}
