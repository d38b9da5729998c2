package step

import (
	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/field"
)

// Common is what the common fields of a use say about where it works, and what it is called.
type Common struct {
	ID        string // given or made up; "" when the use stands in no file
	Cluster   eval.Text
	Namespace eval.Text
}

// Elsewhere reports whether the use names a cluster or a namespace, and may so work outside the scenario's own.
func (c Common) Elsewhere() bool {
	return !c.Cluster.Empty() || !c.Namespace.Empty()
}

// Whole is what is known of a file once all of its steps are compiled.
type Whole struct {
	Kinds  []string // kinds of all steps, nested ones too, each once, in document order
	Owned  bool     // the scenario has a namespace of its own, which holds nothing but what the scenario puts there
	Broken bool     // there are mistakes, so what steps say about themselves may not be complete
}

// laterKey is under what a file keeps the checks that wait for its end.
type laterKey struct{}

type later []func(Whole) diag.List

// Later makes a check when all steps of the file are compiled, for what depends on other steps. Nothing happens when the
// scenario runs already.
func (p *Problems) Later(f func(p *Problems, whole Whole)) {
	if p.place == nil {
		return
	}
	waiting, _ := p.place.Shared(laterKey{}, func() any { return &later{} }).(*later)
	*waiting = append(*waiting, func(whole Whole) diag.List {
		own := &Problems{body: p.body, bound: p.bound, place: p.place, kind: p.kind}
		f(own, whole)
		return own.list
	})
}

// Conclude makes the checks that steps of a file left for its end.
func Conclude(shared *field.Shared, whole Whole) diag.List {
	waiting, _ := shared.Value(laterKey{}, func() any { return &later{} }).(*later)
	var found diag.List
	for _, check := range *waiting {
		found = append(found, check(whole)...)
	}
	return found
}
