package field

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"time"

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
	return (&composer{block: block}).shape(s, "value", reflect.Value{})
}

// SchemaOptions are what a shape does not know of itself.
type SchemaOptions struct {
	What     string                // its name in messages
	Defaults reflect.Value         // the values that its fields have when the author gives none
	Block    func() *Schema        // the schema of a Special type
	EnumDocs func(*Field) []string // what is said of each value of a field, nil for nothing
}

// SchemaOf returns the draft-07 schema of s as Schema does, with what is known from elsewhere.
func (s *Shape) SchemaOf(o SchemaOptions) *Schema {
	return (&composer{block: o.Block, enumDocs: o.EnumDocs}).shape(s, o.What, o.Defaults)
}

// Schema returns the schema of a field: that of its shape with documentation, values and example.
func (f *Field) Schema(block func() *Schema) *Schema {
	return (&composer{block: block}).field(f, reflect.Value{})
}

// composer makes schemas. Its messages are worded as those of the decoder, because an author reads both.
type composer struct {
	block    func() *Schema
	enumDocs func(*Field) []string
	depth    int // of mappings
}

func (c *composer) shape(s *Shape, what string, defaults reflect.Value) *Schema {
	switch s.Kind {
	case Bool:
		return scalarSchema("boolean", what, s)
	case Int:
		return scalarSchema("integer", what, s)
	case Float:
		return scalarSchema("number", what, s)
	case Duration:
		return NewSchema().Set("type", "string").Set("pattern", DurationPattern).
			Set("errorMessage", expected(what, s)).Set("patternErrorMessage", expected(what, s))
	case List:
		return orExpression(NewSchema().Set("type", "array").Set("items", c.shape(s.Elem, what, reflect.Value{})), "array", what, s)
	case Map:
		return orExpression(NewSchema().Set("type", "object").Set("additionalProperties", c.shape(s.Elem, what, reflect.Value{})), "object", what, s)
	case Struct:
		return c.structure(s, defaults)
	case Expression:
		return NewSchema().Set("type", []string{"string", "boolean", "number"}).Set("errorMessage", expected(what, s))
	case Special:
		return c.block()
	case Reference:
		return NewSchema().Set("type", "string").Set("errorMessage", expected(what, s))
	case String:
		return NewSchema().Set("type", []string{"string", "number", "boolean"}).Set("errorMessage", expected(what, s))
	}
	if s.Kind == Later && s.Type.Name() == "Text" {
		return NewSchema().Set("type", "string").Set("errorMessage", expected(what, s))
	}
	return NewSchema()
}

func expected(what string, s *Shape) string { return what + ": expected " + s.Describe() }

// scalarSchema allows a typed scalar or an expression that gives one.
func scalarSchema(kind, what string, s *Shape) *Schema {
	return orExpression(NewSchema().Set("type", kind), kind, what, s)
}

func orExpression(schema *Schema, kind, what string, s *Shape) *Schema {
	return schema.Set("type", []string{kind, "string"}).Set("pattern", ExpressionPattern).
		Set("errorMessage", expected(what, s)).Set("patternErrorMessage", expected(what, s))
}

func (c *composer) structure(s *Shape, defaults reflect.Value) *Schema {
	c.depth++
	defer func() { c.depth-- }()
	object := NewSchema().Set("type", "object").Set("additionalProperties", false)
	properties := NewSchema()
	var required []string
	for i := range s.Fields {
		f := &s.Fields[i]
		properties.Set(f.Name, c.field(f, fieldOf(defaults, f)))
		if f.Required {
			required = append(required, f.Name)
		}
	}
	object.Set("properties", properties)
	if required != nil {
		object.Set("required", required)
	}
	if s.Text && len(s.Fields) == 0 {
		return NewSchema().Set("type", []string{"string", "number"})
	}
	var forms []any
	if s.Shorthand != nil {
		forms = append(forms, noMapping(undocumented(c.field(s.Shorthand, reflect.Value{}))))
	}
	if s.Text {
		forms = append(forms, NewSchema().Set("type", "string"))
	}
	if forms == nil {
		return object
	}
	return NewSchema().Set("anyOf", append([]any{object}, forms...))
}

// noMapping leaves out the forms of a shorthand that are mappings: a mapping is always that of the whole.
func noMapping(s *Schema) *Schema {
	forms, ok := s.Get("anyOf").([]any)
	if !ok {
		return s
	}
	var kept []any
	for _, form := range forms {
		if f, ok := form.(*Schema); ok && f.Get("type") != "object" {
			kept = append(kept, noMapping(f))
		}
	}
	if len(kept) == 1 && len(s.keys) == 1 {
		only, _ := kept[0].(*Schema)
		return only
	}
	return s.Set("anyOf", kept)
}

// undocumented takes the documentation off the field that a shorthand stands for: editors would show it in place of that
// of the whole.
func undocumented(s *Schema) *Schema {
	out := NewSchema()
	for _, key := range s.keys {
		if key != "description" && key != "markdownDescription" && key != "examples" && key != "default" {
			out.Set(key, s.values[key])
		}
	}
	return out
}

// fieldOf returns the value of a field of a struct, or none.
func fieldOf(v reflect.Value, f *Field) reflect.Value {
	for v.IsValid() && v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	if !v.IsValid() || v.Kind() != reflect.Struct {
		return reflect.Value{}
	}
	out, err := v.FieldByIndexErr(f.index)
	if err != nil {
		return reflect.Value{}
	}
	return out
}

func (c *composer) field(f *Field, value reflect.Value) *Schema {
	s := c.shape(f.Shape, f.Name, value)
	if f.Single && f.Shape.Kind == List {
		s = NewSchema().Set("anyOf", []any{s, c.shape(f.Shape.Elem, f.Name, reflect.Value{})})
	}
	if len(f.Enum) > 0 {
		s = c.enum(f)
	}
	d := defaultOf(f, value)
	if d != nil && c.depth == 1 { // deeper ones would be written out by editors whenever the mapping around them is
		s.Set("default", d)
	}
	if f.Doc != "" {
		s.Set("description", f.Doc).Set("markdownDescription", f.markdown(d))
	}
	if v := f.example(); v != nil {
		s.Set("examples", []any{v})
	}
	return s
}

// enum allows the values and, among several, a text with an expression in it. Both ways say the same when a value
// is neither, so that an editor shows one message.
func (c *composer) enum(f *Field) *Schema {
	message := f.Name + ": not one of its values; choose one of " + strings.Join(f.Enum, ", ")
	values := NewSchema().Set("enum", f.Enum).Set("errorMessage", message)
	if c.enumDocs != nil {
		if docs := c.enumDocs(f); docs != nil {
			values.Set("markdownEnumDescriptions", docs)
		}
	}
	if len(f.Enum) == 1 {
		return values
	}
	return NewSchema().Set("anyOf", []any{
		values,
		NewSchema().Set("type", "string").Set("pattern", `\$\{\{`).Set("errorMessage", message).Set("patternErrorMessage", message),
	})
}

// defaultOf returns what a field has when the author gives nothing, nil when that is nothing.
func defaultOf(f *Field, v reflect.Value) any {
	if !v.IsValid() || v.IsZero() {
		return nil
	}
	switch f.Shape.Kind {
	case Bool, Int, Float, String:
		for v.Kind() == reflect.Pointer {
			v = v.Elem()
		}
		return v.Interface()
	case Duration:
		return FormatDuration(time.Duration(v.Int()))
	}
	return nil
}

// FormatDuration writes a duration as an author would: 5m, not 5m0s.
func FormatDuration(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// markdown is what an editor shows: the sentence, what counts when nothing is given, and an example, unless there is one
// that editors show by themselves.
func (f *Field) markdown(standard any) string {
	text := f.Doc
	if standard != nil {
		text += fmt.Sprintf("\n\nDefault: `%v`", standard)
	}
	if example := f.usual(); f.Example == "" && example != "" {
		text += "\n\n```yaml\n" + f.Name + ": " + example + "\n```"
	}
	return text
}

// usual is an example that follows from the type.
func (f *Field) usual() string {
	switch {
	case len(f.Enum) > 0:
		return f.Enum[0]
	case f.Shape.Kind == Bool:
		return "true"
	case f.Shape.Kind == Duration:
		return "30s"
	}
	return ""
}

func (f *Field) example() any {
	var v any
	if f.Example == "" || yaml.Unmarshal([]byte(f.Example), &v) != nil {
		return nil
	}
	return v
}
