package step

import (
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/field"
)

// Problems collects what a Check finds.
type Problems struct {
	body  *field.Body
	list  diag.List
	bound bool
	place *Place
	kind  string // of the step
}

// Place returns the file that the step stands in, nil when the scenario runs already.
func (p *Problems) Place() *Place { return p.place }

// At reports a mistake at a dotted path of the config ("target.name"); "" is the whole config.
func (p *Problems) At(path, format string, args ...any) {
	p.Mistake(path, "invalid-value", format, args...)
}

// AtKey reports a mistake in the last key of a dotted path, such as a name that the author chose.
func (p *Problems) AtKey(path, check, format string, args ...any) *diag.Diagnostic {
	return p.list.Add(p.body.KeyAt(split(path)...), check, format, args...)
}

// Mistake reports what At does under another name than invalid-value: check is a row of the table in package check.
func (p *Problems) Mistake(path, check, format string, args ...any) *diag.Diagnostic {
	return p.list.Add(p.body.Find(split(path)...), check, format, args...)
}

// Warn reports advice at a dotted path of the config. check is its name, a row of the table in package check.
func (p *Problems) Warn(path, check, format string, args ...any) *diag.Diagnostic {
	return p.list.Warn(p.body.Find(split(path)...), check, format, args...)
}

// WarnWithin is Warn about a part of the text that stands at a dotted path, in characters.
func (p *Problems) WarnWithin(path string, from, to int, check, format string, args ...any) *diag.Diagnostic {
	return p.list.Warn(p.body.Within(from, to, split(path)...), check, format, args...)
}

// Inside takes over what was found in a file that the config names at a dotted path. Each finding gets a note that leads
// back to it.
func (p *Problems) Inside(path string, found diag.List) {
	at := p.body.Find(split(path)...)
	for _, d := range found {
		d.Notes = slices.Clone(d.Notes) // what was found may be shared
		d.Note(at, "the file is named here")
		p.list = append(p.list, d)
	}
}

// Node returns what the author wrote at a dotted path, nil when there is nothing.
func (p *Problems) Node(path string) *yaml.Node { return p.body.Value(split(path)...) }

// Range returns where a node of the config stands.
func (p *Problems) Range(n *yaml.Node) diag.Range { return p.body.Range(n) }

// Add reports a mistake at a place that the config leads to. Where that is another file, a note tells the way from path.
func (p *Problems) Add(at diag.Range, path string, other bool, check, format string, args ...any) *diag.Diagnostic {
	d := p.list.Add(at, check, format, args...)
	if other {
		d.Note(p.body.Find(split(path)...), "the file is named here")
	}
	return d
}

// Given reports whether the author wrote something at a dotted path.
func (p *Problems) Given(path string) bool { return p.body.Has(split(path)...) }

// Dynamic reports whether the value at a dotted path holds ${{ }} and is still unknown, so that an empty one proves
// nothing.
func (p *Problems) Dynamic(path string) bool { return !p.bound && p.body.Dynamic(split(path)...) }

// Literal reports whether the author wrote the value at a dotted path without ${{ }}. It is false once the scenario runs.
func (p *Problems) Literal(path string) bool { return !p.bound && p.Given(path) && !p.Dynamic(path) }

// Dir returns the folder of the scenario file: relative paths in the config start here.
func (p *Problems) Dir() string { return p.body.Dir() }

// Name is what a path is called in messages.
func (p *Problems) Name(path string) string {
	if path == "" {
		return p.kind
	}
	return path[strings.LastIndexByte(path, '.')+1:]
}

// OneOf reports a mistake unless exactly one of the fields is given.
func (p *Problems) OneOf(prefix string, fields ...string) {
	given := slices.DeleteFunc(slices.Clone(fields), func(f string) bool { return !p.Given(join(prefix, f)) })
	switch len(given) {
	case 1:
	case 0:
		p.Mistake(prefix, "missing-field", "%s needs one of %s", p.Name(prefix), strings.Join(fields, ", "))
	default:
		p.AtKey(join(prefix, given[1]), "exclusive-fields", "only one of %s can be given; %q is given already", strings.Join(fields, ", "), given[0])
	}
}

func join(prefix, field string) string {
	if prefix == "" {
		return field
	}
	return prefix + "." + field
}

func split(path string) []string {
	if path == "" {
		return nil
	}
	return strings.Split(path, ".")
}
