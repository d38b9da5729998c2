package step

import "github.com/scenario-runner/scenario-runner/engine/field"

// readsKey is under what a file keeps that a step reads names which the file does not show.
type readsKey struct{}

// ReadsAnything says that this use may read any var or secret: it evaluates expressions that stand in other files.
func (p *Problems) ReadsAnything() {
	if p.place == nil {
		return
	}
	if reads, ok := p.place.Shared(readsKey{}, func() any { return new(bool) }).(*bool); ok {
		*reads = true
	}
}

// ReadsAnything reports whether a step of a file said so.
func ReadsAnything(shared *field.Shared) bool {
	reads, ok := shared.Value(readsKey{}, func() any { return new(bool) }).(*bool)
	return ok && *reads
}
