package step

import (
	"fmt"
	"slices"
	"strings"

	"github.com/scenario-runner/scenario-runner/engine/eval"
)

// Registry is a set of step kinds, with the undos and the expression functions that come with them. It is a value: tests
// and other programs make their own.
type Registry struct {
	Steps     []Definition // in the order of the reference
	Undos     []Undo
	Functions []eval.Function
}

// Get returns the definition of a kind.
func (r *Registry) Get(name string) (Definition, bool) {
	d := r.Find(name)
	if d == nil {
		return Definition{}, false
	}
	return *d, true
}

// Find returns the registry's own definition of a kind, which is not to be changed, or nil. Unlike Get it copies nothing.
func (r *Registry) Find(name string) *Definition {
	for i := range r.Steps {
		if r.Steps[i].Name == name {
			return &r.Steps[i]
		}
	}
	return nil
}

// Names returns the kinds in the order of the reference.
func (r *Registry) Names() []string {
	names := make([]string, len(r.Steps))
	for i, d := range r.Steps {
		names[i] = d.Name
	}
	return names
}

// Undo returns the undo with that name.
func (r *Registry) Undo(name string) (Undo, error) {
	i := slices.IndexFunc(r.Undos, func(u Undo) bool { return u.Name == name })
	if i < 0 {
		return Undo{}, fmt.Errorf("no undo is called %q in this version", name)
	}
	return r.Undos[i], nil
}

// Sort puts the steps into the order of the reference: by group, the story's own order first, then by name.
func (r *Registry) Sort() {
	story := []string{"deploy", "injectChaos", "fireAlert", "waitFor", "assert"}
	slices.SortStableFunc(r.Steps, func(a, b Definition) int {
		if c := slices.Index(Groups(), a.Group) - slices.Index(Groups(), b.Group); c != 0 {
			return c
		}
		if a.Group == Story {
			return slices.Index(story, a.Name) - slices.Index(story, b.Name)
		}
		return strings.Compare(a.Name, b.Name)
	})
}
