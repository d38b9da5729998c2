package run

import (
	"context"
	"fmt"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/journal"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

// attempts runs a scenario until it is green or no attempts are left, and sends its verdict. After an abort there is no
// further one: it would do the same harm again. It is the scenario's
// goroutine. Each attempt has an id, and with it a namespace, of its own, so it need not wait for the clean-up of the
// one before.
func (r *runner) attempts(ctx context.Context, index int, x *execution) {
	var left []*remains
	var first journal.Result
	var took time.Duration
	for attempt := 1; ; attempt++ {
		if attempt > 1 {
			x = newExecution(r, r.scenarios[index], index, attempt)
			x.queue()
		}
		result, wait := x.perform(ctx)
		took += result.Took
		switch {
		case attempt == 1:
			first = result
		case result.Verdict == step.Passed:
			result.Verdict = step.Flaky
			result.Message = fmt.Sprintf("passed on attempt %d; attempt 1 %s: %s", attempt, verb(first.Verdict), first.Message)
		}
		r.emitFinish(x, result)
		left = append(left, r.clean(x, wait))
		if holds(result.Verdict) || x.aborted || attempt > r.retries(index) || ctx.Err() != nil {
			result.Took = took
			r.results <- finishedScenario{index: index, result: result, left: left}
			return
		}
	}
}

// retries returns how often a scenario is run again.
func (r *runner) retries(index int) int {
	s := r.scenarios[index]
	if s.Base != nil {
		s = s.Base
	}
	if own, ok := r.options.RetriesOf[s.Key]; ok {
		return own
	}
	return r.options.Retries
}

// clean waits for the clean-up of an attempt, in the background unless the user wants otherwise.
func (r *runner) clean(x *execution, wait func() []string) *remains {
	rest := &remains{}
	clean := func() {
		start := time.Now()
		rest.list = wait()
		x.letIn()
		r.locks.release(x)
		verdict := step.Passed
		if len(rest.list) > 0 && r.options.Cleanup != CleanupKeep {
			verdict = step.Errored
		}
		x.reportCleaned(journal.Result{Verdict: verdict, Took: time.Since(start), Left: rest.list})
	}
	if r.options.Cleanup == CleanupBackground && len(x.ledger.seal()) > 0 {
		r.cleans.Go(clean)
	} else {
		clean()
	}
	return rest
}

// emitStart reports that an attempt starts.
func (r *runner) emitStart(x *execution) {
	s := x.scenario
	e := x.event(journal.ScenarioStarted)
	e.Attempt = x.attempt
	e.Start = &journal.ScenarioInfo{
		ID: x.info.ID, Name: s.Name, Description: s.Description, Namespace: x.info.Namespace,
		Labels: s.Labels, Steps: len(s.Steps.Steps) + len(s.Finally.Steps), Setup: s == r.options.Setup,
	}
	if s.Base != nil {
		e.Start.Base = s.Base.Name
	}
	if s.File != nil {
		e.Start.File = s.File.Name
	}
	r.emit(e)
}

// emitFinish reports the verdict of an attempt.
func (r *runner) emitFinish(x *execution, result journal.Result) {
	e := x.event(journal.ScenarioFinished)
	e.Attempt = x.attempt
	e.Result = &result
	r.emit(e)
}
