package step

import (
	"gopkg.in/yaml.v3"

	"github.com/scenario-runner/scenario-runner/engine/field"
)

// Touch is one thing that a step will change, as far as that is known before it runs.
type Touch struct {
	Verb  string `json:"verb"`            // what is done: "apply", "delete", "break"
	What  string `json:"what"`            // to what: "Deployment web", "pods of deployment/web, half of them"
	Where string `json:"where,omitempty"` // outside the scenario's own place: "namespace shop", "node worker-1"
}

// Toucher is a Task that tells what it will touch. A task that is none is described by its title.
type Toucher interface {
	// Touches returns what the step will change, from its config alone: it must not do I/O. Parts that hold ${{ }} are
	// shown as they are written.
	Touches() []Touch
}

// Written is a use as its author wrote it, for texts about it before it runs.
type Written struct{ body *field.Body }

// Text returns what stands at a dotted path of the config, with ${{ }} as it is written; "" when nothing is there or when
// it is no single value.
func (w Written) Text(path string) string {
	n := w.body.Value(split(path)...)
	if n == nil || n.Kind != yaml.ScalarNode {
		return ""
	}
	return n.Value
}

// Given reports whether the author wrote something at a dotted path.
func (w Written) Given(path string) bool { return w.body.Has(split(path)...) }

// toucher is a task of a kind that tells what it touches.
type toucher[C, O any] struct{ *task[C, O] }

// Touches returns what the use will change.
func (t toucher[C, O]) Touches() []Touch {
	display, _ := t.body.Display().Addr().Interface().(*C)
	return t.spec.Touches(display, Written{t.body})
}
