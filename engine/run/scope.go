package run

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/scenario"
)

// baseScope returns the names that are the same for every step: env, scenario, secrets and vars.
func (x *execution) baseScope() (eval.Scope, error) {
	secrets, err := x.secrets()
	if err != nil {
		return nil, err
	}
	info := x.info
	scope := eval.Scope{
		"env": anyMap(x.run.options.Env),
		"scenario": map[string]any{
			"name": info.Name, "id": info.ID, "namespace": info.Namespace, "runId": info.RunID,
			"dir": info.Dir, "labels": anyMap(info.Labels),
		},
		"secrets": secrets,
		"vars":    map[string]any{},
		"steps":   map[string]any{},
	}
	values := map[string]any{}
	for _, v := range x.scenario.Vars {
		value, err := v.Value.Eval(scope)
		if err != nil {
			return nil, fmt.Errorf("vars.%s: %w", v.Name, err)
		}
		values[v.Name] = value
		scope["vars"] = maps.Clone(values) // an expression may have taken the map itself as its value
	}
	return scope, nil
}

func anyMap(m map[string]string) map[string]any {
	out := make(map[string]any, len(m))
	for k, v := range m {
		out[k] = v
	}
	return out
}

// folder returns the folder of a scenario file.
func folder(s *scenario.Scenario) string {
	if s.File == nil || s.File.Name == "" {
		return "."
	}
	return filepath.Dir(s.File.Name)
}

// finishedSteps is what expressions see as steps: the outputs of the steps that have finished. A running step keeps
// the map that it was started with. So that a long chain of steps doesn't copy an ever longer map for every step, the
// map is changed in place as long as no running step holds it. The scheduling goroutine owns it.
type finishedSteps struct {
	current *generation
	pending []entryOfStep // finished since current was made
}

// generation is one state of the map.
type generation struct {
	steps   map[string]any
	holders int
}

type entryOfStep struct {
	id     string
	values map[string]any
}

func newFinishedSteps() *finishedSteps {
	return &finishedSteps{current: &generation{steps: map[string]any{}}}
}

// add makes the outputs of a step visible for the steps that start from now on.
func (f *finishedSteps) add(id string, values map[string]any) {
	f.pending = append(f.pending, entryOfStep{id, values})
}

// hold returns the present state, which nobody changes until it is released.
func (f *finishedSteps) hold() *generation {
	f.update()
	f.current.holders++
	return f.current
}

// release gives back what hold returned.
func (f *finishedSteps) release(g *generation) { g.holders-- }

// copied returns a copy of the present state that is the caller's own.
func (f *finishedSteps) copied() map[string]any {
	f.update()
	return maps.Clone(f.current.steps)
}

func (f *finishedSteps) update() {
	if len(f.pending) == 0 {
		return
	}
	if f.current.holders > 0 {
		f.current = &generation{steps: maps.Clone(f.current.steps)}
	}
	for _, e := range f.pending {
		f.current.steps[e.id] = e.values
	}
	clear(f.pending)
	f.pending = f.pending[:0]
}

// valuesOf returns what expressions see of a finished step: its outputs, and beside them its verdict and how long it
// took unless it has outputs of these names (injectChaos has a verdict of its own).
func valuesOf(r *result) map[string]any {
	values := make(map[string]any, len(r.Outputs)+2)
	values["verdict"] = string(r.Verdict)
	values["took"] = r.Took
	maps.Copy(values, r.Outputs)
	return values
}

// scopeOf returns the names that a step of b sees, and the generation that it holds while it runs, if it does.
func (x *execution) scopeOf(b *block) (eval.Scope, *generation) {
	scope := maps.Clone(x.base)
	if b.parent == nil {
		g := x.finished.hold()
		scope["steps"] = g.steps
		return scope, g
	}
	// Iterations of a container may run at the same time; each sees the steps of its own iteration.
	var chain []*block
	for at := b; at != nil; at = at.parent {
		chain = append(chain, at)
	}
	steps := x.finished.copied()
	for _, at := range slices.Backward(chain) {
		maps.Copy(steps, at.own)
		maps.Copy(scope, at.locals)
	}
	scope["steps"] = steps
	return scope, nil
}
