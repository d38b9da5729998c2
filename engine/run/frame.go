package run

import (
	"maps"
	"slices"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/scenario"
)

// frame is what the steps of one scope see in common: the names that are the same for all of them, and each other. A
// scenario has one; every isolated execution of nested steps has one of its own, so that nothing of the container leaks
// in and nothing of the steps leaks out. The scheduling goroutine owns it.
type frame struct {
	base     eval.Scope
	finished *finishedSteps
	usages   map[*scenario.Block]*usage
}

func newFrame(base eval.Scope) *frame {
	return &frame{base: base, finished: newFinishedSteps(), usages: map[*scenario.Block]*usage{}}
}

// shared returns the names that isolated steps see, too: those that don't depend on what the author of the scenario
// wrote into the file.
func (f *frame) shared() eval.Scope {
	return eval.Scope{"env": f.base["env"], "scenario": f.base["scenario"]}
}

// scopeOf returns the names that a step of b sees, and the generation of steps that it holds while it runs, if it does.
func (f *frame) scopeOf(b *block) (eval.Scope, *generation) {
	scope := maps.Clone(f.base)
	var chain []*block // from b outwards, without the outermost of the frame
	overlapped := false
	for at := b; at.parent != nil && at.parent.frame == f; at = at.parent {
		chain = append(chain, at)
		overlapped = overlapped || at.usage.overlapped
	}
	for _, at := range slices.Backward(chain) {
		maps.Copy(scope, at.locals)
	}
	if !overlapped {
		g := f.finished.hold()
		scope["steps"] = g.steps
		return scope, g
	}
	// Iterations of a container run at the same time; each sees the steps of its own iteration.
	steps := f.finished.copied()
	for _, at := range slices.Backward(chain) {
		maps.Copy(steps, at.own)
	}
	scope["steps"] = steps
	return scope, nil
}

// usage says how often a block of the scenario is executed at this moment, and whether that was ever more than once.
type usage struct {
	active     int
	overlapped bool
}

// use counts one more execution of steps.
func (f *frame) use(steps *scenario.Block) *usage {
	u := f.usages[steps]
	if u == nil {
		u = &usage{}
		f.usages[steps] = u
	}
	u.active++
	u.overlapped = u.overlapped || u.active > 1
	return u
}
