package step

import (
	"context"

	"gopkg.in/yaml.v3"

	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/field"
)

// Effect says in one word what a touch does, for summaries.
type Effect string

// The effects.
const (
	Creates Effect = "creates" // objects
	Changes Effect = "changes" // objects
	Removes Effect = "removes" // objects
	Breaks  Effect = "breaks"  // on purpose, to see what happens
	Sends   Effect = "sends"   // alerts, requests
	Runs    Effect = "runs"    // programs, which may do anything
)

// Touch is one thing that a step will change, as far as that is known before it runs.
type Touch struct {
	Effect Effect `json:"effect,omitempty"`
	Verb   string `json:"verb"`            // what is done: "apply", "delete", "break"
	What   string `json:"what"`            // to what: "deployment/web", "half of the pods of deployment/web, at least 1"
	Where  string `json:"where,omitempty"` // outside the scenario's own place: "namespace shop", "the whole cluster"
	Count  int    `json:"count,omitempty"` // how many things that are at most, 0 when it is not known before the run
	Stays  bool   `json:"stays,omitempty"` // it is not taken back at the end
	Now    string `json:"now,omitempty"`   // what it means on the cluster now: "3 pods"
	// Look finds out Now without changing anything. It returns "" where nothing can be known before the run. Nil when
	// there is nothing to look up.
	Look func(ctx context.Context, run *Run) (string, error) `json:"-"`
	// Rehearse has the system that is touched check the change without making it, and returns what it says against it, at
	// its place. Nil when nobody can check that before the run.
	Rehearse func(ctx context.Context, run *Run) (diag.List, error) `json:"-"`
}

// Toucher is a Task that tells what it will touch. A task that is none is described by its title.
type Toucher interface {
	// Touches returns what the step will change, from its config alone: it must not do I/O. Parts that hold ${{ }} are
	// shown as they are written.
	Touches() []Touch
}

// Written is a use as its author wrote it, for texts about it before it runs.
type Written struct {
	body  *field.Body
	scope eval.Scope // of the run; nil before it
}

// Text returns what stands at a dotted path of the config, with ${{ }} as it is written unless its value is known; "" when nothing is there or when
// it is no single value.
func (w Written) Text(path string) string {
	n := w.body.Value(split(path)...)
	if n == nil || n.Kind != yaml.ScalarNode {
		return ""
	}
	if v, ok := w.body.Known(n); ok {
		if text, err := eval.ToText(v); err == nil {
			return text
		}
	}
	if w.scope != nil {
		if text, ok := w.body.Shown(n, w.scope); ok {
			return text
		}
	}
	return n.Value
}

// Given reports whether the author wrote something at a dotted path.
func (w Written) Given(path string) bool { return w.body.Has(split(path)...) }

// Dynamic reports whether something at or below a dotted path of the config holds ${{ }}.
func (w Written) Dynamic(path string) bool { return w.body.Dynamic(split(path)...) }

// Value returns what the author wrote at a dotted path, nil when there is nothing.
func (w Written) Value(path string) *yaml.Node { return w.body.Value(split(path)...) }

// Range returns where a node of the config stands.
func (w Written) Range(n *yaml.Node) diag.Range { return w.body.Range(n) }

// toucher is a task of a kind that tells what it touches.
type toucher[C, O any] struct{ *task[C, O] }

// Touches returns what the use will change.
func (t toucher[C, O]) Touches() []Touch {
	display, _ := t.body.Display().Addr().Interface().(*C)
	static, _ := t.body.Static().Addr().Interface().(*C)
	return t.spec.Touches(static, display, Written{body: t.body})
}
