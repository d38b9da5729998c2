package kinds

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"sync"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// Form is what the value at one place of a manifest looks like.
type Form int

// The forms. Anything is checked no further.
const (
	Anything Form = iota
	Object
	Map
	List
	Text
	Whole
	Number
	Truth
	Quantity
	WholeOrText
	Duration
	Time
)

// String names the form for people.
func (f Form) String() string {
	return [...]string{
		"anything", "a mapping", "a mapping", "a list", "text", "a whole number", "a number", "true or false",
		"a quantity such as 100m or 256Mi", "a whole number or text", "a duration such as 30s", "a time such as 2026-01-02T15:04:05Z",
	}[f]
}

// Schema is what a manifest may say at one place. Unlike a type of expressions it knows how text is read, and what has to
// be there. The zero Schema allows anything.
type Schema struct {
	Form     Form
	Elem     *Schema  // of lists and maps
	Required []string // fields that an object can't be without
	Enum     []string // the texts that are allowed, nil for all

	properties func() []Property
}

// Property is one field of an object.
type Property struct {
	Name   string
	Schema *Schema
}

// Properties lists the fields of an object in the order of their declaration.
func (s *Schema) Properties() []Property {
	if s.properties == nil {
		return nil
	}
	return s.properties()
}

// Property returns the schema of a field.
func (s *Schema) Property(name string) (*Schema, bool) {
	properties := s.Properties()
	i := slices.IndexFunc(properties, func(p Property) bool { return p.Name == name })
	if i < 0 {
		return nil, false
	}
	return properties[i].Schema, true
}

// At follows fields, and list items under "[]", from an object. What is not there is anything.
func (s *Schema) At(path ...string) *Schema {
	for _, name := range path {
		var next *Schema
		switch s.Form {
		case Object:
			next, _ = s.Property(name)
		case List, Map:
			next = s.Elem
		}
		if next == nil {
			return &Schema{}
		}
		s = next
	}
	return s
}

// schemas turns Go types of the API into schemas, each once. It is safe for concurrent use.
type schemas struct {
	mu   sync.Mutex
	made map[reflect.Type]*Schema // of structs
}

// of says how manifests write values of a Go type.
func (r *schemas) of(t reflect.Type) *Schema {
	switch t {
	case reflect.TypeFor[resource.Quantity]():
		return &Schema{Form: Quantity}
	case reflect.TypeFor[metav1.Time](), reflect.TypeFor[metav1.MicroTime]():
		return &Schema{Form: Time}
	case reflect.TypeFor[metav1.Duration]():
		return &Schema{Form: Duration}
	case reflect.TypeFor[intstr.IntOrString]():
		return &Schema{Form: WholeOrText}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return r.of(t.Elem())
	case reflect.Bool:
		return &Schema{Form: Truth}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return &Schema{Form: Whole}
	case reflect.Float32, reflect.Float64:
		return &Schema{Form: Number}
	case reflect.String:
		return &Schema{Form: Text}
	case reflect.Slice, reflect.Array:
		if t.Elem().Kind() == reflect.Uint8 {
			return &Schema{Form: Text} // base64
		}
		return &Schema{Form: List, Elem: r.of(t.Elem())}
	case reflect.Map:
		return &Schema{Form: Map, Elem: r.of(t.Elem())}
	case reflect.Struct:
		return r.object(t)
	}
	return &Schema{}
}

// object is the schema of a struct. One that reads its JSON itself may be anything.
func (r *schemas) object(t reflect.Type) *Schema {
	if reflect.PointerTo(t).Implements(reflect.TypeFor[json.Unmarshaler]()) {
		return &Schema{}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if known, ok := r.made[t]; ok {
		return known
	}
	if r.made == nil {
		r.made = map[reflect.Type]*Schema{}
	}
	s := &Schema{Form: Object, Required: required(t), properties: sync.OnceValue(func() []Property { return r.propertiesOf(t) })}
	r.made[t] = s
	return s
}

// propertiesOf lists the fields of a struct by their names in JSON. Those of embedded structs are its own.
func (r *schemas) propertiesOf(t reflect.Type) []Property {
	var out []Property
	for f := range t.Fields() {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case name == "-" || !f.IsExported():
		case name == "" && (f.Anonymous || strings.Contains(options, "inline")):
			embedded := f.Type
			if embedded.Kind() == reflect.Pointer {
				embedded = embedded.Elem()
			}
			out = append(out, r.propertiesOf(embedded)...)
		default:
			out = append(out, Property{Name: name, Schema: r.of(f.Type)})
		}
	}
	return out
}
