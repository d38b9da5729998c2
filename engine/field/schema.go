package field

import (
	"bytes"
	"encoding/json"

	"gopkg.in/yaml.v3"
)

// Schema is a JSON schema object whose keys keep their order, because editors offer properties in that order.
type Schema struct {
	keys   []string
	values map[string]any
}

// Set adds or replaces a key and returns s, so that calls can be chained.
func (s *Schema) Set(key string, value any) *Schema {
	if s.values == nil {
		s.values = map[string]any{}
	}
	if _, ok := s.values[key]; !ok {
		s.keys = append(s.keys, key)
	}
	s.values[key] = value
	return s
}

// Get returns the value of a key, or nil.
func (s *Schema) Get(key string) any { return s.values[key] }

// Keys returns the keys in order.
func (s *Schema) Keys() []string { return s.keys }

// MarshalJSON writes the keys in the order in which they were set.
func (s *Schema) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, k := range s.keys {
		if i > 0 {
			b.WriteByte(',')
		}
		key, err := marshal(k)
		if err != nil {
			return nil, err
		}
		value, err := marshal(s.values[k])
		if err != nil {
			return nil, err
		}
		b.Write(key)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSpace(b.Bytes()), nil
}

// NewSchema returns an empty schema.
func NewSchema() *Schema { return &Schema{} }

// ExpressionPattern matches a value that is one ${{ }}.
const ExpressionPattern = `^\$\{\{[\s\S]+\}\}$`

// DurationPattern matches a duration, or a text with an expression in it.
const DurationPattern = `^(0|([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+|[\s\S]*\$\{\{[\s\S]+\}\}[\s\S]*)$`

// Schema returns the draft-07 schema of s. block returns the schema of a Special type.
func (s *Shape) Schema(block func() *Schema) *Schema {
	switch s.Kind {
	case Bool:
		return scalarSchema("boolean", "true or false")
	case Int:
		return scalarSchema("integer", "a whole number")
	case Float:
		return scalarSchema("number", "a number")
	case Duration:
		return NewSchema().Set("type", "string").Set("pattern", DurationPattern).
			Set("patternErrorMessage", "expected a duration such as 30s, 5m or 1h30m")
	case List:
		return orExpression(NewSchema().Set("type", "array").Set("items", s.Elem.Schema(block)), "array")
	case Map:
		return orExpression(NewSchema().Set("type", "object").Set("additionalProperties", s.Elem.Schema(block)), "object")
	case Struct:
		return s.structSchema(block)
	case Expression:
		return NewSchema().Set("type", []string{"string", "boolean", "number"})
	case Special:
		return block()
	case String:
		return NewSchema().Set("type", []string{"string", "number", "boolean"})
	}
	if s.Kind == Later && s.Type.Name() == "Text" {
		return NewSchema().Set("type", "string")
	}
	return NewSchema()
}

// scalarSchema allows a typed scalar or an expression that gives one.
func scalarSchema(kind, what string) *Schema {
	return NewSchema().Set("type", []string{kind, "string"}).Set("pattern", ExpressionPattern).
		Set("patternErrorMessage", "expected "+what+" or ${{ … }}")
}

func orExpression(s *Schema, kind string) *Schema {
	return s.Set("type", []string{kind, "string"}).Set("pattern", ExpressionPattern)
}

func (s *Shape) structSchema(block func() *Schema) *Schema {
	object := NewSchema().Set("type", "object").Set("additionalProperties", false)
	properties := NewSchema()
	var required []string
	for _, f := range s.Fields {
		properties.Set(f.Name, f.Schema(block))
		if f.Required {
			required = append(required, f.Name)
		}
	}
	object.Set("properties", properties)
	if required != nil {
		object.Set("required", required)
	}
	var forms []any
	if s.Shorthand != nil {
		forms = append(forms, s.Shorthand.Schema(block))
	}
	if s.Text {
		forms = append(forms, NewSchema().Set("type", "string"))
	}
	if forms == nil {
		return object
	}
	return NewSchema().Set("anyOf", append([]any{object}, forms...))
}

// Schema returns the schema of a field: that of its shape with documentation, values and example.
func (f *Field) Schema(block func() *Schema) *Schema {
	s := f.Shape.Schema(block)
	if f.Single && f.Shape.Kind == List {
		s = NewSchema().Set("anyOf", []any{s, f.Shape.Elem.Schema(block)})
	}
	if len(f.Enum) > 0 {
		s = NewSchema().Set("anyOf", []any{
			NewSchema().Set("enum", f.Enum),
			NewSchema().Set("type", "string").Set("pattern", `\$\{\{`),
		})
	}
	if f.Doc != "" {
		s.Set("description", f.Doc).Set("markdownDescription", f.Doc)
	}
	if f.Example != "" {
		var v any
		if yaml.Unmarshal([]byte(f.Example), &v) == nil {
			s.Set("examples", []any{v})
		}
	}
	return s
}
