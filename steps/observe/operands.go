package observe

import (
	"cmp"
	"slices"
	"strings"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

// MissingFacts says what is there instead of a field that is not, and what to write where it may be absent.
func MissingFacts(m *eval.MissingError) []step.Fact {
	var facts []step.Fact
	if !m.Nil {
		facts = append(facts, step.Fact{Name: m.Of + " has", Value: cmp.Or(m.There(), "no fields")})
	}
	return append(facts, step.Fact{Name: "where it may be absent", Value: "write " + m.Absent()})
}

// WithoutMissing drops the operands that have no value because a field is missing; that is said once, by MissingFacts.
func WithoutMissing(operands []eval.Operand, m *eval.MissingError) []eval.Operand {
	if m == nil {
		return operands
	}
	return slices.DeleteFunc(operands, func(o eval.Operand) bool { return strings.Contains(o.Value, m.Error()) })
}
