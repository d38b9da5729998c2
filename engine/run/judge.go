package run

import (
	"github.com/scenario-runner/scenario-runner/engine/journal"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

// precedence lists the verdicts that are not green, worst first: a claim that is false is known to be false whatever
// else could not be found out.
func precedence() []step.Verdict {
	return []step.Verdict{step.Failed, step.Errored, step.Inconclusive}
}

// holds reports whether nothing is known against what has this verdict.
func holds(v step.Verdict) bool {
	return v != step.Failed && v != step.Errored && v != step.Inconclusive
}

// culprit returns the first step that spoils the block, by document order.
func (b *block) culprit() *node {
	return b.first(func(r *result) bool { return r.spoils() })
}

func (b *block) first(is func(*result) bool) *node {
	for _, n := range b.nodes {
		if n.result != nil && is(n.result) {
			return n
		}
	}
	return nil
}

// worst returns the first step of the worst verdict, nil when the block holds.
func (b *block) worst() *node {
	for _, v := range precedence() {
		if n := b.first(func(r *result) bool { return r.spoils() && r.Verdict == v }); n != nil {
			return n
		}
	}
	return nil
}

// judge returns the verdict of a finished block at the top of a scenario.
func (b *block) judge() journal.Result {
	cut := b.first(func(r *result) bool { return r.stop != nil && r.stop.scenario != "" })
	worst := b.worst()
	switch {
	case cut != nil && (worst == nil || worst == cut || worst.result.Verdict != step.Failed):
		s := cut.result.stop
		return journal.Result{Verdict: s.scenario, Message: s.scenarioReason, Cause: cut.result.root}
	case worst != nil:
		return worst.verdict(worst.result.Verdict)
	}
	return b.judgeSkipped()
}

// judgeSkipped tells a block whose claims were all looked at from one in which a step said "not here": a scenario that
// was cut short by a skip has proved nothing and is not green, nor is one of which nothing ran.
func (b *block) judgeSkipped() journal.Result {
	isRoot := func(r *result) bool { return r.Verdict == step.Skipped && r.blocks() && r.Cause == "" }
	heldUp := func(r *result) bool { return r.Verdict == step.Skipped && r.blocks() && r.Cause != "" }
	if root := b.first(isRoot); root != nil && b.first(heldUp) != nil {
		return root.verdict(step.Skipped)
	}
	if b.first(func(r *result) bool { return r.Verdict != step.Skipped }) != nil {
		return journal.Result{Verdict: step.Passed}
	}
	if root := b.first(isRoot); root != nil {
		return root.verdict(step.Skipped)
	}
	if len(b.nodes) > 0 {
		return b.nodes[0].verdict(step.Skipped)
	}
	return journal.Result{Verdict: step.Skipped, Message: "it has no steps"}
}

// verdict makes what n found the result of its scenario.
func (n *node) verdict(v step.Verdict) journal.Result {
	return journal.Result{Verdict: v, Message: n.id + ": " + n.result.Message, Cause: n.result.root}
}

// outcome returns what a nested block means for its container: nil, or the first step that did not pass.
func (b *block) outcome() error {
	n := b.culprit()
	if n == nil {
		n = b.first(func(r *result) bool { return r.Verdict == step.Skipped && r.blocks() })
	}
	if n == nil {
		return nil
	}
	return &nestedFailure{
		id:   n.id,
		root: n.result.root,
		failure: &step.Failure{
			Verdict: n.result.Verdict,
			Message: "step " + n.id + " " + string(n.result.Verdict) + ": " + n.result.Message,
		},
	}
}
