package run

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/journal"
	"github.com/scenario-runner/scenario-runner/engine/scenario"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

// ErrNoScenarios says that nothing was selected. A run of nothing is never green.
var ErrNoScenarios = errors.New("no scenario was selected; a run of nothing proves nothing")

// Run runs scenarios in the order given, several at once, and returns when everything is cleaned up. Cancelling ctx is
// the first signal of the user: steps are ended, the finally blocks and the undos still run. Closing Options.Abort is
// the second: what is left is listed. The error is about the run itself, not about what the scenarios found.
func Run(ctx context.Context, scenarios []*scenario.Scenario, options Options) (Outcome, error) {
	if len(scenarios) == 0 {
		return Outcome{Verdict: step.Errored, ExitCode: ExitErrored}, ErrNoScenarios
	}
	r := &runner{
		options:   options.withDefaults(len(scenarios)),
		scenarios: scenarios,
		undos:     map[string]step.Undo{},
		results:   make(chan finishedScenario),
		outcomes:  make([]ScenarioOutcome, len(scenarios)),
		left:      make([][]*remains, len(scenarios)),
	}
	for _, u := range options.Undos {
		r.undos[u.Name] = u
	}
	return r.perform(ctx)
}

// runner is a run. Its goroutine owns outcomes, left and halt.
type runner struct {
	options   Options
	scenarios []*scenario.Scenario
	undos     map[string]step.Undo

	end     context.CancelCauseFunc // ends the steps
	cleanup context.Context         // of finally blocks, services and undos; outlives an interrupt, ends with an abort
	results chan finishedScenario
	entries atomic.Int64   // ledger entries written
	cleans  sync.WaitGroup // clean-ups under way
	locks   locks

	setup       *setup // nil when there is none
	outcomes    []ScenarioOutcome
	left        [][]*remains
	halt        string // why no more scenarios are started
	late        bool   // because the time is over
	interrupted bool
	timedOut    bool // scenarios were not started for that reason

	broken atomic.Pointer[error] // the first error of the journal
}

// remains is what a scenario leaves behind. Its clean-up writes it.
type remains struct{ list []string }

// finishedScenario is the message that a scenario has its verdict.
type finishedScenario struct {
	index  int
	result journal.Result
	left   []*remains // of each attempt; complete when the clean-ups are
}

func (r *runner) perform(ctx context.Context) (Outcome, error) {
	start := time.Now()
	work, end := context.WithCancelCause(ctx)
	defer end(nil)
	r.end = end
	cleanup, stopCleaning := context.WithCancelCause(context.WithoutCancel(ctx))
	defer stopCleaning(nil)
	r.cleanup = cleanup
	if limit := r.options.GlobalTimeout; limit > 0 {
		bounded, release := context.WithTimeoutCause(work, limit, runTimeout(limit))
		defer release()
		work = bounded
	}
	info := r.options.Info
	r.emit(journal.Event{Kind: journal.RunStarted, Run: &info})
	forget := r.watchAbort(end, stopCleaning)
	r.prepare(work)
	r.schedule(work)
	r.cleans.Wait()
	r.takeDown()
	if forget() {
		r.interrupted = true
	}
	return r.outcome(time.Since(start))
}

// watchAbort ends everything when the user asks for a second time. The returned function ends the watch and reports
// whether that happened.
func (r *runner) watchAbort(causes ...context.CancelCauseFunc) func() bool {
	done := make(chan struct{})
	fired := make(chan bool, 1)
	go func() {
		select {
		case <-r.options.Abort:
			s := aborted()
			r.emit(journal.Event{Kind: journal.RunInterrupted, Message: s.message})
			for _, end := range causes {
				end(s)
			}
			fired <- true
		case <-done:
			fired <- false
		}
	}()
	return func() bool {
		close(done)
		return <-fired
	}
}

// schedule starts scenarios in order while there is room, until all have their verdict.
func (r *runner) schedule(ctx context.Context) {
	next, running := 0, 0
	ended := ctx.Done()
	for next < len(r.scenarios) || running > 0 {
		if ended != nil && ctx.Err() != nil {
			ended = nil
			r.stopped(stopOf(ctx))
		}
		switch {
		case next < len(r.scenarios) && r.halt != "":
			r.skip(next)
			next++
			continue
		case next < len(r.scenarios) && running < r.options.Parallel:
			x := newExecution(r, r.scenarios[next], next, 1)
			x.queue()
			go r.attempts(ctx, next, x)
			next++
			running++
			continue
		}
		select {
		case f := <-r.results:
			running--
			r.accept(f)
		case <-ended:
		}
	}
}

// stopped notes that the run was ended from outside.
func (r *runner) stopped(s *stop) {
	r.halt = s.scenarioReason
	r.late = s.scenario == step.Failed
	r.interrupted = !r.late
	r.emit(journal.Event{Kind: journal.RunInterrupted, Message: r.halt})
}

// accept takes the verdict of a scenario.
func (r *runner) accept(f finishedScenario) {
	s := r.scenarios[f.index]
	r.outcomes[f.index] = outcomeOf(s, f.result)
	r.left[f.index] = f.left
	bad := !holds(f.result.Verdict) || r.options.FailOnFlaky && f.result.Verdict == step.Flaky
	if bad && r.options.FailFast && r.halt == "" {
		r.halt = fmt.Sprintf("--fail-fast: %s %s", label(s), verb(f.result.Verdict))
		r.emit(journal.Event{Kind: journal.RunInterrupted, Message: r.halt})
	}
}

// verb puts a verdict after the name of a scenario.
func verb(v step.Verdict) string {
	switch v {
	case step.Inconclusive, step.Flaky:
		return "was " + string(v)
	}
	return string(v)
}

// skip reports a scenario that is not started.
func (r *runner) skip(index int) {
	r.timedOut = r.timedOut || r.late
	x := newExecution(r, r.scenarios[index], index, 1)
	result := journal.Result{Verdict: step.Skipped, Message: r.halt}
	r.emitStart(x)
	r.emitFinish(x, result)
	r.outcomes[index] = outcomeOf(x.scenario, result)
}

func outcomeOf(s *scenario.Scenario, result journal.Result) ScenarioOutcome {
	return ScenarioOutcome{
		Key: s.Key, Name: s.Name, Verdict: result.Verdict, Message: result.Message,
		Took: result.Took, Attempts: result.Attempts,
	}
}

// outcome closes the journal and sums up.
func (r *runner) outcome(took time.Duration) (Outcome, error) {
	o := Outcome{Took: took, Scenarios: r.outcomes, Counts: map[step.Verdict]int{}}
	for _, s := range r.outcomes {
		o.Counts[s.Verdict]++
	}
	for _, attempts := range r.left {
		for _, one := range attempts {
			o.Left = append(o.Left, one.list...)
		}
	}
	o.Drift = r.drift()
	r.conclude(&o)
	r.weigh(&o)
	r.emit(journal.Event{Kind: journal.RunFinished, Result: &journal.Result{
		Verdict: o.Verdict, Took: took, Counts: o.Counts, ExitCode: o.ExitCode, Left: o.Left, Drift: o.Drift, Thresholds: o.Thresholds,
	}})
	if err := r.broken.Load(); err != nil {
		o.Verdict = step.Errored
		o.ExitCode = max(o.ExitCode, ExitErrored)
		return o, fmt.Errorf("the journal can't be written: %w", *err)
	}
	return o, nil
}

// drift asks what is not as it was before. When things are left on purpose, or the user has no patience, nobody asks.
func (r *runner) drift() []journal.Drift {
	if r.options.Drift == nil || r.options.Cleanup == CleanupKeep || r.cleanup.Err() != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(r.cleanup, r.options.CleanupTimeout)
	defer cancel()
	found, err := r.options.Drift(ctx)
	if err != nil {
		r.emit(journal.Event{Kind: journal.Logged, Message: fmt.Sprintf("it is not known whether all is as before: %v", err)})
	}
	return found
}

// emit writes an event. When the journal can't be written the run ends, because what it does could not be taken back
// after a crash; the first error is kept.
func (r *runner) emit(e journal.Event) {
	_ = r.broke(r.options.Journal.Append(e)) // kept, and returned by Run
}

// emitDurable is emit for the ledger. It does not begin when ctx is done, and once begun is not cut short: an entry is
// either in both the journal and the ledger, or in neither.
func (r *runner) emitDurable(ctx context.Context, e journal.Event) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	return r.broke(r.options.Journal.AppendDurable(context.WithoutCancel(ctx), e))
}

func (r *runner) broke(err error) error {
	if err != nil && r.broken.CompareAndSwap(nil, &err) {
		r.end(journalBroken(err))
	}
	return err
}

func (r *runner) undoNames() []string {
	var names []string
	for name := range r.undos {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
