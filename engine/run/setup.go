package run

import (
	"context"
	"fmt"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/journal"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

// setup is what is done once before the scenarios. It is an execution whose life is cut in two: its steps run before the
// first scenario starts, its finally block, its services and its undos end after the last one is cleaned.
type setup struct {
	execution *execution
	main      *block // nil when its steps never started
	start     time.Time
	outputs   map[string]any
	result    journal.Result // of the steps, and of all of it in the end
}

// ended reports whether there is a setup that ended with one of the verdicts that a run must not pass with.
func (s *setup) ended(v step.Verdict) bool { return s != nil && !holds(v) && s.result.Verdict == v }

// prepare carries the setup out. When it does not pass, no scenario is started.
func (r *runner) prepare(ctx context.Context) {
	if r.options.Setup == nil {
		return
	}
	x := newExecution(r, r.options.Setup, len(r.scenarios), 1)
	s := &setup{execution: x, start: time.Now()}
	r.emitStart(x)
	base, err := x.baseScope()
	if err != nil {
		close(x.over)
		s.result = journal.Result{Verdict: step.Errored, Message: err.Error()}
	} else {
		x.frame = newFrame(base)
		s.main = x.runSteps(ctx)
		s.result = s.main.judge()
		s.outputs = x.frame.finished.copied()
	}
	r.setup = s
	if s.result.Verdict == step.Passed || ctx.Err() != nil {
		return // that the run was ended is said by schedule
	}
	r.halt = fmt.Sprintf("the setup %s: %s", verb(s.result.Verdict), s.result.Message)
}

// takeDown ends the setup and waits until it is taken back.
func (r *runner) takeDown() {
	s := r.setup
	if s == nil {
		return
	}
	if s.main != nil {
		s.result = s.execution.conclude(s.main)
	}
	wait := s.execution.cleanUp()
	s.result.Took, s.result.Attempts = time.Since(s.start), 1
	r.emitFinish(s.execution, s.result)
	r.left = append(r.left, []*remains{r.clean(s.execution, wait)})
	r.cleans.Wait()
}

// weigh lets the demands on the whole run decide on its verdict. They can't make a run pass that was cut short, or whose
// setup did not pass: then too little is known.
func (r *runner) weigh(o *Outcome) {
	if r.options.Judge == nil {
		return
	}
	o.Thresholds = r.options.Judge(*o)
	all := true
	for _, t := range o.Thresholds {
		all = all && t.Holds
	}
	complete := !r.interrupted && !r.timedOut && (r.setup == nil || holds(r.setup.result.Verdict))
	switch {
	case all && complete:
		o.Verdict, o.ExitCode = step.Passed, 0
		if r.behind(o) {
			o.ExitCode = ExitLeft
		}
	case !all && (o.ExitCode == 0 || o.ExitCode == ExitLeft):
		o.Verdict, o.ExitCode = step.Failed, ExitFailed
	}
}
