package kube

import (
	"slices"
	"strings"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube/kinds"
)

// definitionsKey is under what a file keeps the kinds that it knows.
type definitionsKey struct{}

// Definitions returns the kinds that are known in a file while it is checked. in is nil when the scenario runs already:
// then what is learned is learned by nobody.
func (e *Env) Definitions(in *step.Place) *kinds.Definitions {
	if in == nil {
		return e.kinds.Definitions("")
	}
	definitions, _ := in.Shared(definitionsKey{}, func() any { return e.kinds.Definitions(in.Dir) }).(*kinds.Definitions)
	return definitions
}

// Knowing is a check that can compare what steps name with the kinds that the file knows.
func Knowing[C any](env *Env, check func(*C, *step.Problems)) func(*C, *step.Problems) {
	return func(c *C, p *step.Problems) {
		env.Definitions(p.Place())
		check(c, p)
	}
}

// known returns the kinds of a file, nil when no step there has asked for them.
func known(in *step.Place) *kinds.Definitions {
	definitions, _ := in.Shared(definitionsKey{}, func() any { return (*kinds.Definitions)(nil) }).(*kinds.Definitions)
	return definitions
}

// TypeOf returns the type of the objects that ref means in a file, Any when the kind is not known before the run.
func (e *Env) TypeOf(in *step.Place, ref Ref) eval.Type {
	apiVersion, kind := ref.kind()
	if kind == "" {
		return eval.AnyType
	}
	return e.Definitions(in).Type(apiVersion, kind)
}

// kind returns the kind as far as it is known: of deployment/${{ vars.name }} it is before the run.
func (r Ref) kind() (apiVersion, kind string) {
	if r.Kind != "" {
		return r.APIVersion, r.Kind
	}
	parts := strings.Split(strings.TrimSpace(r.Start), "/")
	if len(parts) < 2 || slices.Contains(parts[:len(parts)-1], "") {
		return "", ""
	}
	parsed, err := ParseRef(strings.Join(parts[:len(parts)-1], "/") + "/name")
	if err != nil {
		return "", ""
	}
	return parsed.APIVersion, parsed.Kind
}

// UnmarshalStart keeps what stands before the first ${{ of a text form, for decoders.
func (r *Ref) UnmarshalStart(text string) { r.Start = text }
