package step

import (
	"slices"
	"strings"

	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/field"
)

// Problems collects what a Check finds.
type Problems struct {
	body  *field.Body
	list  diag.List
	bound bool
	place *Place
}

// Place returns the file that the step stands in, nil when the scenario runs already.
func (p *Problems) Place() *Place { return p.place }

// At reports a mistake at a dotted path of the config ("target.name"); "" is the whole config.
func (p *Problems) At(path, format string, args ...any) {
	p.list.Add(p.body.Find(split(path)...), "value", format, args...)
}

// Warn reports advice at a dotted path of the config.
func (p *Problems) Warn(path, format string, args ...any) {
	p.list.Warn(p.body.Find(split(path)...), "advice", format, args...)
}

// Given reports whether the author wrote something at a dotted path.
func (p *Problems) Given(path string) bool { return p.body.Has(split(path)...) }

// Dynamic reports whether values that hold ${{ }} are still unknown, so that an empty value proves nothing.
func (p *Problems) Dynamic(path string) bool { return !p.bound && p.body.Has(split(path)...) }

// Dir returns the folder of the scenario file: relative paths in the config start here.
func (p *Problems) Dir() string { return p.body.Dir() }

// OneOf reports a mistake unless exactly one of the fields is given.
func (p *Problems) OneOf(prefix string, fields ...string) {
	given := slices.DeleteFunc(slices.Clone(fields), func(f string) bool { return !p.Given(join(prefix, f)) })
	switch len(given) {
	case 1:
	case 0:
		p.At(prefix, "needs one of %s", strings.Join(fields, ", "))
	default:
		p.At(join(prefix, given[1]), "only one of %s can be given; %q is given already", strings.Join(fields, ", "), given[0])
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
