package lsp

import (
	"slices"
	"strconv"

	"github.com/scenario-runner/scenario-runner/engine/field"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

// target is what the language says of a place.
type target struct {
	shape      *field.Shape     // of the value there; nil when anything goes or nothing is known
	field      *field.Field     // that the value belongs to
	definition *step.Definition // of the innermost step kind on the way
	step       bool             // the value is a step
	body       bool             // the value is what stands under a step kind
}

// resolve follows a path of keys and list positions through the shapes of the language.
func (s *Server) resolve(d *document, path []string) target {
	t := d.top()
	for _, segment := range path {
		t = s.into(t, segment)
		if t.shape == nil && !t.step {
			return target{definition: t.definition}
		}
	}
	return t
}

func (s *Server) into(t target, segment string) target {
	_, err := strconv.Atoi(segment)
	position := err == nil
	if t.step {
		return s.intoStep(t, segment)
	}
	switch t.shape.Kind {
	case field.Struct:
		if f := t.shape.Field(segment); f != nil {
			return target{shape: f.Shape, field: f, definition: t.definition}
		}
		if short := t.shape.Shorthand; short != nil && position {
			return s.into(target{shape: short.Shape, field: short, definition: t.definition}, segment)
		}
	case field.List:
		if position {
			return target{shape: t.shape.Elem, field: t.field, definition: t.definition}
		}
		if t.field != nil && t.field.Single { // a list that is written as its only element
			return s.into(target{shape: t.shape.Elem, field: t.field, definition: t.definition}, segment)
		}
	case field.Map:
		return target{shape: t.shape.Elem, field: t.field, definition: t.definition}
	case field.Special:
		if position {
			return target{step: true, definition: t.definition}
		}
	}
	return target{definition: t.definition}
}

func (s *Server) intoStep(t target, key string) target {
	if d, ok := s.registry.Get(key); ok {
		return target{shape: d.Config, definition: &d, body: true}
	}
	if i := slices.IndexFunc(s.common, func(f field.Field) bool { return f.Name == key }); i >= 0 {
		return target{shape: s.common[i].Shape, field: &s.common[i], definition: t.definition}
	}
	return target{definition: t.definition}
}

// scalar returns what a scalar at the place is: a shorthand stands for its field, a lone element for its list.
func (t target) scalar() target {
	for t.shape != nil {
		switch {
		case t.shape.Kind == field.Struct && t.shape.Shorthand != nil:
			t.field, t.shape = t.shape.Shorthand, t.shape.Shorthand.Shape
		case t.shape.Kind == field.List && t.field != nil && t.field.Single:
			t.shape = t.shape.Elem
		default:
			return t
		}
	}
	return t
}
