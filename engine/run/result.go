package run

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/journal"
	"github.com/scenario-runner/scenario-runner/engine/scenario"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

// result is how a step ended, with what the scheduler needs to know beside what the journal shows.
type result struct {
	journal.Result
	// root is the id of the step to blame when others are skipped: this one, or the one inside that really failed.
	// It is "" when the step was ended from outside.
	root   string
	benign bool  // skipped in a way that holds up only steps that need its outputs
	stop   *stop // what ended it from outside
	abort  bool  // the other steps are to end
}

// blocks reports whether the steps after this one can't run.
func (r *result) blocks() bool {
	return r.Verdict != step.Passed && !r.Excused && !r.benign
}

// spoils reports whether the block of this step is not green because of it.
func (r *result) spoils() bool {
	return !r.Excused && (r.Verdict == step.Failed || r.Verdict == step.Errored || r.Verdict == step.Inconclusive)
}

// verdictOf is step.VerdictOf without the verdicts that an error can't mean.
func verdictOf(err error) step.Verdict {
	v := step.VerdictOf(err)
	switch v {
	case step.Passed, step.Failed, step.Errored, step.Inconclusive, step.Skipped:
		if err == nil || v != step.Passed {
			return v
		}
	}
	return step.Errored
}

// result turns what a worker found into a result.
func (d *workDone) result() *result {
	s := d.call.node.step
	r := &result{root: d.call.node.id, benign: d.call.unmet}
	r.Verdict = verdictOf(d.err)
	r.Took = d.took
	r.Outputs = d.outputs
	r.Attempts = d.call.attempt
	r.Facts = d.call.host.attachments()
	if d.call.unmet {
		r.Attempts = 0
	}
	if d.err == nil {
		return r
	}
	r.Message = d.err.Error()
	if f, ok := errors.AsType[*step.Failure](d.err); ok {
		r.Facts = append(append([]step.Fact(nil), f.Facts...), r.Facts...)
		r.Sections = f.Sections
		r.abort = f.Abort
	}
	if nested, ok := errors.AsType[*nestedFailure](d.err); ok && nested.root != "" {
		r.root = nested.root
	}
	if h, ok := errors.AsType[*halted](d.err); ok {
		r.stop = h.stop
		if r.Verdict == step.Skipped {
			r.root, r.Cause = h.stop.root, h.stop.root
		}
	}
	if s.ContinueOnError && (r.stop == nil || r.stop.scenario == "") {
		r.Excused = r.spoils()
		r.benign = r.benign || r.Verdict == step.Skipped && r.stop == nil
	}
	return r
}

// hindered returns the result of a node that can't run: a step before it did not pass, or its block was ended. A step
// that runs always does so in spite of the former, but passes it on to the steps after it.
func (n *node) hindered() *result {
	blame := n.blame()
	if n.step.Always {
		if blame != nil && !blame.benign {
			n.carried = blame
		}
		return n.halted()
	}
	if blame != nil && !blame.benign {
		return blame
	}
	if r := n.halted(); r != nil {
		return r
	}
	return blame
}

// blame returns how n is skipped because of the steps before it, nil when they are all right.
func (n *node) blame() *result {
	for _, first := range n.beside {
		if !first.ran && n.heldUpBy(first) {
			return n.because(first.result)
		}
	}
	var unneeded *result
	for _, first := range n.after {
		switch {
		case n.heldUpBy(first):
			return n.because(first.result)
		case first.carried != nil && !n.block.final:
			return n.because(first.carried)
		case first.result.benign && n.needs[first.step] && unneeded == nil:
			unneeded = skipped(first.id, fmt.Sprintf("needs the outputs of %s, which was skipped", first.id))
			unneeded.benign = true
		}
	}
	return unneeded
}

// heldUpBy reports whether n can't run because of how first ended. In a finally block order alone holds nothing up:
// one thing that can't be tidied up is no reason to leave the next one.
func (n *node) heldUpBy(first *node) bool {
	return first.result.blocks() && (n.needs[first.step] || !n.block.final)
}

// because skips n for the reason that made first not pass.
func (n *node) because(first *result) *result {
	if first.root != "" {
		return skipped(first.root, "skipped because of "+first.root)
	}
	r := skipped("", first.Message)
	r.stop = first.stop
	return r
}

// halted skips n when its block was ended from outside.
func (n *node) halted() *result {
	s := stopOf(n.block.ctx)
	if s == nil {
		return nil
	}
	r := skipped(s.root, s.message)
	r.stop = s
	return r
}

func skipped(root, message string) *result {
	return &result{Result: journal.Result{Verdict: step.Skipped, Message: message, Cause: root}, root: root}
}

// reportStarted and reportFinished write the events of a step.
func (x *execution) reportStarted(n *node) {
	e := x.stepEvent(journal.StepStarted, n)
	e.Attempt = 1
	e.StepInfo = n.describe()
	x.run.emit(e)
}

func (x *execution) reportFinished(n *node, r *result) {
	e := x.stepEvent(journal.StepFinished, n)
	e.Attempt = r.Attempts
	e.Result = &r.Result
	e.StepInfo = n.describe()
	x.run.emit(e)
}

func (n *node) describe() *journal.StepInfo {
	info := &journal.StepInfo{Kind: n.step.Kind, Title: cmp.Or(n.title, title(n.step)), Cluster: n.cluster, At: n.step.At, Depth: n.block.depth + n.step.Depth, Within: n.block.within}
	if n.cluster != "" && n.cluster != n.block.cluster {
		info.Title += " on cluster " + n.cluster
	}
	top := n.block
	for top.parent != nil {
		top = top.parent
	}
	if top.final {
		info.Phase = "finally"
	}
	return info
}

// clusterIn returns the cluster that a step names, else that of the block around it.
func (n *node) clusterIn(scope eval.Scope) string {
	name, err := n.step.Cluster.Eval(scope)
	if err != nil {
		return "" // the step itself will say so
	}
	return cmp.Or(name, n.block.cluster)
}

// titleIn returns the title of a step with the values that it starts with, as far as they are known.
func titleIn(s *scenario.Step, scope eval.Scope) string {
	if s.TitleIn == nil {
		return ""
	}
	shown, _ := s.TitleIn(scope)
	return shown
}

func title(s *scenario.Step) string {
	if s.Title != "" {
		return s.Title
	}
	return s.Kind
}
