package step

import (
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/eval"
)

// Parameter is a value that a template takes.
type Parameter struct {
	Name     string
	Doc      string
	Type     ValueType
	Required bool
	Default  any   // as Type.Convert gives it; nil when Required
	Enum     []any // the only values, as Type.Convert gives them; nil allows all
	At       diag.Range
}

// Convert turns a value into what expressions see of the parameter.
func (p Parameter) Convert(v any) (any, error) {
	out, err := p.Type.Convert(v)
	if err != nil || p.Enum == nil {
		return out, err
	}
	if !slices.ContainsFunc(p.Enum, func(e any) bool { return reflect.DeepEqual(e, out) }) {
		return nil, &NotAllowedError{Value: v, Allowed: p.Enum}
	}
	return out, nil
}

// NotAllowedError says that a value is none of those that a parameter allows.
type NotAllowedError struct {
	Value   any
	Allowed []any
}

// Error names the value and what is allowed.
func (e *NotAllowedError) Error() string {
	names := make([]string, len(e.Allowed))
	for i, v := range e.Allowed {
		names[i] = shown(v)
	}
	return fmt.Sprintf("%s is not one of its values%s", eval.Format(e.Value), diag.DidYouMean(shown(e.Value), names))
}

// shown is a value as an author writes it.
func shown(v any) string {
	if text, ok := v.(string); ok {
		return text
	}
	return eval.Format(v)
}

// ValueType is the type of a parameter as an author names it.
type ValueType struct {
	Name string // one of ValueTypes
	Of   string // of the items of a list or the values of a map; "" means anything
}

// ValueTypes lists the names of types.
func ValueTypes() []string {
	return []string{"string", "bool", "int", "number", "duration", "quantity", "list", "map", "any"}
}

// String names the type as documentation does.
func (t ValueType) String() string {
	if t.Of == "" {
		return t.Name
	}
	return t.Name + " of " + t.Of
}

// Expression returns the type that expressions see.
func (t ValueType) Expression() eval.Type {
	switch t.Name {
	case "string", "quantity":
		return eval.Type{Kind: eval.String}
	case "bool":
		return eval.Type{Kind: eval.Bool}
	case "int":
		return eval.Type{Kind: eval.Int}
	case "number":
		return eval.Type{Kind: eval.Float}
	case "duration":
		return eval.Type{Kind: eval.Duration}
	case "list":
		return eval.ListOf(t.elem().Expression())
	case "map":
		return eval.MapOf(t.elem().Expression())
	}
	return eval.AnyType
}

func (t ValueType) elem() ValueType { return ValueType{Name: t.Of} }

// Describe says in plain words what a value must be.
func (t ValueType) Describe() string {
	switch t.Name {
	case "string":
		return "text"
	case "bool":
		return "true or false"
	case "int":
		return "a whole number"
	case "number":
		return "a number"
	case "duration":
		return "a duration such as 30s"
	case "quantity":
		return "a quantity such as 256Mi or 500m"
	case "list":
		return "a list"
	case "map":
		return "a mapping"
	}
	return "a value"
}

// Takes reports whether an expression of type got can give a value of this type.
func (t ValueType) Takes(got eval.Type) bool {
	if got.Kind == eval.Any {
		return true
	}
	kinds := map[string][]eval.Kind{
		"string": {eval.String}, "bool": {eval.Bool}, "int": {eval.Int}, "number": {eval.Int, eval.Float},
		"duration": {eval.Duration, eval.String}, "quantity": {eval.String, eval.Int, eval.Float},
		"list": {eval.List}, "map": {eval.Map, eval.Object},
	}
	allowed, known := kinds[t.Name]
	return !known || slices.Contains(allowed, got.Kind)
}

var quantity = regexp.MustCompile(`^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]+)?$`)

// Convert turns a value, of YAML or of an expression, into what expressions see.
func (t ValueType) Convert(v any) (any, error) {
	switch t.Name {
	case "list":
		return t.list(v)
	case "map":
		return t.mapping(v)
	}
	if out, ok := t.scalar(v); ok {
		return out, nil
	}
	return nil, t.mismatch(v)
}

func (t ValueType) mismatch(v any) error {
	cure := ""
	switch v := v.(type) {
	case bool, int, int64, float64:
		if t.Name == "string" {
			cure = "; write it in quotes"
		}
		if _, whole := v.(int); whole && t.Name == "duration" {
			cure = fmt.Sprintf("; did you mean %ds?", v)
		}
	}
	return fmt.Errorf("expected %s, found %s%s", t.Describe(), eval.Format(v), cure)
}

func (t ValueType) scalar(v any) (any, bool) {
	switch v := v.(type) {
	case string:
		return t.text(v)
	case bool:
		return v, t.Name == "bool" || t.anything()
	case int64:
		return t.scalar(int(v))
	case int:
		switch t.Name {
		case "number":
			return float64(v), true
		case "quantity":
			return fmt.Sprint(v), true
		}
		return v, t.Name == "int" || t.anything()
	case float64:
		if t.Name == "quantity" {
			return fmt.Sprint(v), true
		}
		return v, t.Name == "number" || t.anything()
	case time.Duration:
		return v, t.Name == "duration" || t.anything()
	}
	return v, t.anything()
}

func (t ValueType) anything() bool { return t.Name == "any" || t.Name == "" }

func (t ValueType) text(v string) (any, bool) {
	switch t.Name {
	case "duration":
		d, err := time.ParseDuration(v)
		return d, err == nil && d >= 0
	case "quantity":
		return v, quantity.MatchString(v)
	}
	return v, t.Name == "string" || t.anything()
}

func (t ValueType) list(v any) (any, error) {
	value := reflect.ValueOf(v)
	if value.Kind() != reflect.Slice {
		return nil, t.mismatch(v)
	}
	out := make([]any, value.Len())
	for i := range out {
		item, err := t.elem().Convert(value.Index(i).Interface())
		if err != nil {
			return nil, fmt.Errorf("item %d: %w", i+1, err)
		}
		out[i] = item
	}
	return out, nil
}

func (t ValueType) mapping(v any) (any, error) {
	values, ok := v.(map[string]any)
	if !ok {
		return nil, t.mismatch(v)
	}
	out := make(map[string]any, len(values))
	for _, key := range slices.Sorted(maps.Keys(values)) {
		item, err := t.elem().Convert(values[key])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		out[key] = item
	}
	return out, nil
}

// Mismatch is a mistake in a value that is given to a parameter.
type Mismatch struct {
	Path    []string // keys and list positions inside the value
	Check   string
	Message string
}

// Check reports what is known to be wrong with a value before the expressions in it are evaluated.
func (p Parameter) Check(given eval.Tree) []Mismatch {
	if len(given.Programs()) > 0 {
		return p.Type.check(given, nil)
	}
	v, err := given.Eval(nil)
	if err == nil {
		_, err = p.Type.Convert(v)
	}
	if err != nil {
		return p.Type.check(given, nil)
	}
	if _, err := p.Convert(v); err != nil {
		return []Mismatch{{Check: "unknown-value", Message: err.Error()}}
	}
	return nil
}

// check goes into a value and reports each wrong part of it.
func (t ValueType) check(given eval.Tree, path []string) []Mismatch {
	wrong := func(format string, args ...any) []Mismatch {
		return []Mismatch{{Path: path, Check: "parameter-type", Message: fmt.Sprintf(format, args...)}}
	}
	if p := given.Single(); p != nil {
		if !t.Takes(p.Type) {
			return wrong("expected %s, but the expression is %s", t.Describe(), p.Type.Kind)
		}
		return nil
	}
	items, isList := given.Items()
	keys, values, isMap := given.Entries()
	var out []Mismatch
	switch {
	case isList && t.Name == "list":
		for i, item := range items {
			out = append(out, t.elem().check(item, append(slices.Clone(path), fmt.Sprint(i)))...)
		}
	case isMap && t.Name == "map":
		for i, value := range values {
			out = append(out, t.elem().check(value, append(slices.Clone(path), keys[i]))...)
		}
	case isList && !t.anything():
		return wrong("expected %s, found a list", t.Describe())
	case isMap && !t.anything():
		return wrong("expected %s, found a mapping", t.Describe())
	case isList, isMap:
	case len(given.Programs()) > 0:
		if !t.Takes(eval.Type{Kind: eval.String}) {
			return wrong("expected %s, found text with ${{ }} inside", t.Describe())
		}
	default:
		v, err := given.Eval(nil)
		if err == nil {
			_, err = t.Convert(v)
		}
		if err != nil {
			return wrong("%s", strings.TrimSpace(err.Error()))
		}
	}
	return out
}
