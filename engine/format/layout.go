package format

import (
	"cmp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/scenario-runner/scenario-runner/engine/config"
	"github.com/scenario-runner/scenario-runner/engine/field"
	"github.com/scenario-runner/scenario-runner/engine/scenario"
	"github.com/scenario-runner/scenario-runner/engine/source"
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/engine/suite"
)

// roleKind says what a mapping or a sequence is in a scenario.
type roleKind int

const (
	other roleKind = iota
	top
	metadata
	steps // a list of steps
	oneStep
	body // what stands under the kind of a step
)

type role struct {
	kind  roleKind
	shape *field.Shape // of a body
}

// layout is the order of fields, taken from the declarations of the language.
type layout struct {
	registry               *step.Registry
	fields                 []field.Field // of the top
	top, metadata, oneStep map[string]int
}

// Ranks leave room for what has no place of its own.
const (
	stride  = 10
	unknown = 1 << 20
)

// topFields returns the fields of the top of a file, in the order in which they are declared.
func topFields(root *yaml.Node) []field.Field {
	kind, _ := source.Lookup(root, "kind")
	switch {
	case kind == nil:
	case kind.Value == scenario.KindTemplate:
		return scenario.TemplateFields()
	case kind.Value == suite.Kind:
		return suite.Fields()
	case kind.Value == config.KindConfig:
		return config.Fields()
	}
	return scenario.DocumentFields()
}

func newLayout(r *step.Registry, fields []field.Field) layout {
	l := layout{registry: r, fields: fields, top: map[string]int{}, metadata: map[string]int{}, oneStep: map[string]int{}}
	for i, f := range fields {
		l.top[f.Name] = (i + 1) * stride
		if f.Name == "metadata" {
			for i, f := range f.Shape.Fields {
				l.metadata[f.Name] = (i + 1) * stride
			}
		}
	}
	for i, f := range scenario.CommonFields() {
		l.oneStep[f.Name] = (i + 4) * stride
	}
	l.oneStep["id"], l.oneStep["name"] = stride, 2*stride
	for _, kind := range r.Names() {
		l.oneStep[kind] = 3 * stride
	}
	return l
}

// rank is where a key goes. Keys with the same rank keep their order.
func (l layout) rank(r role, key string) int {
	switch r.kind {
	case top:
		if strings.HasPrefix(key, "x-") { // anchors, which have to stand before what uses them
			return cmp.Or(l.top["metadata"], l.top["kind"]) + 1
		}
		return cmp.Or(l.top[key], cmp.Or(l.top["steps"], unknown)-1)
	case metadata:
		return cmp.Or(l.metadata[key], unknown)
	case oneStep:
		return cmp.Or(l.oneStep[key], unknown)
	}
	return 0
}

// sorted returns the entries in the order of the layout. All stay as they are when an alias would come before its anchor.
func (l layout) sorted(entries []entry, r role) []entry {
	if r.kind != top && r.kind != metadata && r.kind != oneStep {
		return entries
	}
	out := slices.Clone(entries)
	slices.SortStableFunc(out, func(a, b entry) int { return cmp.Compare(l.rank(r, a.key.Value), l.rank(r, b.key.Value)) })
	if tied(out) {
		return entries
	}
	return out
}

// under returns the role of the value of a key.
func (l layout) under(r role, key string, value *yaml.Node) role {
	switch r.kind {
	case top:
		if key == "steps" || key == "finally" {
			return role{kind: steps}
		}
		if key == "metadata" {
			return role{kind: metadata}
		}
		for _, f := range l.fields {
			if f.Name == key && f.Shape.Kind == field.Struct {
				return role{kind: body, shape: f.Shape}
			}
		}
	case oneStep:
		d, ok := l.registry.Get(key)
		switch {
		case !ok:
		case value.Kind == yaml.MappingNode:
			return role{kind: body, shape: d.Config}
		case value.Kind == yaml.SequenceNode && d.Config.Shorthand != nil && d.Config.Shorthand.Shape.Kind == field.Special:
			return role{kind: steps}
		}
	case body:
		if f := r.shape.Field(key); f != nil && f.Shape.Kind == field.Special {
			return role{kind: steps}
		}
	}
	return role{}
}

// item returns the role of the items of a sequence.
func (l layout) item(r role) role {
	if r.kind == steps {
		return role{kind: oneStep}
	}
	return role{}
}

// tied reports whether an entry has an alias to an anchor of a later one, or whether two define the same anchor.
func tied(entries []entry) bool {
	owner := map[string]int{}
	for i, e := range entries {
		for _, n := range nodes(e.value) {
			if n.Anchor == "" {
				continue
			}
			if first, ok := owner[n.Anchor]; ok && first != i {
				return true
			}
			owner[n.Anchor] = i
		}
	}
	for i, e := range entries {
		for _, n := range nodes(e.value) {
			if first, ok := owner[n.Value]; ok && n.Kind == yaml.AliasNode && first > i {
				return true
			}
		}
	}
	return false
}

// nodes returns n and everything below it. Aliases are not followed.
func nodes(n *yaml.Node) []*yaml.Node {
	out := []*yaml.Node{n}
	for _, c := range n.Content {
		out = append(out, nodes(c)...)
	}
	return out
}
