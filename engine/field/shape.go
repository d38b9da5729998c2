// Package field derives everything that is known of a config struct from its Go type and tags: how YAML is decoded into
// it, which mistakes are reported, its JSON schema and its documentation. It knows nothing of steps or of running.
//
// Tags of a config field:
//
//	yaml:"name"           the key; "-" hides the field, ",inline" takes the fields of a struct in
//	doc:"…"               one sentence for people; required on every field
//	required:"true"       the key must be given
//	enum:"a,b"            the only values of a string
//	scope:"object"        names that an expression in this field has beside the usual ones; "*given" stands for the keys
//	                      of the sibling mapping `given`, "@as=item" for the text under the sibling key `as`, or item;
//	                      "+steps" for the usual steps and more fields of it
//	single:"true"         a list that may also be written as its only element
//	shorthand:"true"      the field that a value which is no mapping stands for
//	example:"…"           a YAML value for documentation and completion
//	refers:"file"         what a text names, so that editors complete it and go there: a file, a folder, a manifest (a
//	                      file, folder or glob with objects, or such an object itself), an object, or a kind of objects;
//	                      a type with a method Refers says so itself
package field

import (
	"encoding"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/eval"
)

// Kind is how a Go type appears in YAML.
type Kind int

// The kinds of shapes.
const (
	Bool Kind = iota
	Int
	Float
	String
	Duration
	List
	Map
	Struct
	Any        // any YAML value, ${{ }} evaluated before the step runs
	Expression // eval.Expr: evaluated by the step itself
	Later      // eval.Text or eval.Tree: ${{ }} evaluated by the step itself
	Special    // decoded by a hook of the Decoder
	Reference  // names another file, which a hook of the Decoder reads
)

// Shape describes a Go type as YAML sees it.
type Shape struct {
	Kind      Kind
	Type      reflect.Type
	Elem      *Shape    // of a List or a Map
	Fields    []Field   // of a Struct, in declaration order
	Text      bool      // a struct that may also be written as text (encoding.TextUnmarshaler)
	Want      eval.Kind // of an Expression
	Shorthand *Field    // the field that a value which is no mapping stands for
}

// Field is one key of a struct.
type Field struct {
	Name     string
	Doc      string
	Example  string
	Required bool
	Single   bool
	Enum     []string
	Scope    []string
	Refers   string
	Shape    *Shape
	index    []int
}

// Referrer is a config type whose texts name something outside of the file that they stand in.
type Referrer interface {
	// Refers says what they name, in the words of the tag of that name.
	Refers() string
}

// refers returns what the texts of a field name.
func refers(f reflect.StructField) string {
	if tag := f.Tag.Get("refers"); tag != "" {
		return tag
	}
	t := f.Type
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	switch r := reflect.New(t).Interface().(type) {
	case Referrer:
		return r.Refers()
	case FileReference:
		return r.References()
	}
	return ""
}

var (
	textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()
	deferredType    = reflect.TypeFor[eval.Deferred]()
	referenceType   = reflect.TypeFor[FileReference]()
)

// FileReference is implemented by types whose value is the name of a file of our own that is needed before the run. The
// value that a hook of the Decoder makes of the name takes its place.
type FileReference interface {
	// References says what kind of file is named: "template".
	References() string
}

// Describe returns the shape of t. It panics on a type that can't be a config, which is a mistake of the step's author.
// special lists types that are decoded by a hook.
func Describe(t reflect.Type, special ...reflect.Type) *Shape {
	for _, s := range special {
		if t == s {
			return &Shape{Kind: Special, Type: t}
		}
	}
	switch t {
	case reflect.TypeFor[time.Duration]():
		return &Shape{Kind: Duration, Type: t}
	case reflect.TypeFor[eval.Text](), reflect.TypeFor[eval.Tree]():
		return &Shape{Kind: Later, Type: t}
	}
	if t.Implements(referenceType) {
		return &Shape{Kind: Reference, Type: t}
	}
	if reflect.PointerTo(t).Implements(deferredType) {
		return &Shape{Kind: Expression, Type: t, Want: reflect.New(t).Interface().(eval.Deferred).Want()}
	}
	switch t.Kind() {
	case reflect.Pointer:
		s := *Describe(t.Elem(), special...)
		s.Type = t
		return &s
	case reflect.Bool:
		return &Shape{Kind: Bool, Type: t}
	case reflect.Int, reflect.Int32, reflect.Int64:
		return &Shape{Kind: Int, Type: t}
	case reflect.Float64:
		return &Shape{Kind: Float, Type: t}
	case reflect.String:
		return &Shape{Kind: String, Type: t}
	case reflect.Interface:
		return &Shape{Kind: Any, Type: t}
	case reflect.Slice:
		return &Shape{Kind: List, Type: t, Elem: Describe(t.Elem(), special...)}
	case reflect.Map:
		return &Shape{Kind: Map, Type: t, Elem: Describe(t.Elem(), special...)}
	case reflect.Struct:
		return describeStruct(t, special)
	}
	panic(fmt.Sprintf("field: a config can't hold a %s", t))
}

func describeStruct(t reflect.Type, special []reflect.Type) *Shape {
	s := &Shape{Kind: Struct, Type: t, Text: reflect.PointerTo(t).Implements(textUnmarshaler)}
	addFields(s, t, nil, special)
	for i := range s.Fields {
		f := &s.Fields[i]
		if first, _, _ := cutTag(t.FieldByIndex(f.index), "shorthand"); first == "true" {
			s.Shorthand = f
		}
	}
	return s
}

func addFields(s *Shape, t reflect.Type, prefix []int, special []reflect.Type) {
	for i := range t.NumField() {
		sf := t.Field(i)
		if !sf.IsExported() {
			continue
		}
		index := append(append([]int{}, prefix...), i)
		name, options, _ := strings.Cut(sf.Tag.Get("yaml"), ",")
		switch {
		case name == "-":
			continue
		case options == "inline":
			addFields(s, sf.Type, index, special)
			continue
		case name == "":
			panic(fmt.Sprintf("field: %s.%s has no yaml tag", t, sf.Name))
		}
		s.Fields = append(s.Fields, Field{
			Name:     name,
			Doc:      sf.Tag.Get("doc"),
			Example:  sf.Tag.Get("example"),
			Required: sf.Tag.Get("required") == "true",
			Single:   sf.Tag.Get("single") == "true",
			Enum:     list(sf.Tag.Get("enum")),
			Scope:    list(sf.Tag.Get("scope")),
			Refers:   refers(sf),
			Shape:    Describe(sf.Type, special...),
			index:    index,
		})
	}
}

func cutTag(f reflect.StructField, key string) (first, rest string, found bool) {
	return strings.Cut(f.Tag.Get(key), ",")
}

func list(tag string) []string {
	if tag == "" {
		return nil
	}
	return strings.Split(tag, ",")
}

// Names returns the keys of a struct in declaration order.
func (s *Shape) Names() []string {
	names := make([]string, len(s.Fields))
	for i, f := range s.Fields {
		names[i] = f.Name
	}
	return names
}

// Field returns the field with that key, or nil.
func (s *Shape) Field(name string) *Field {
	for i := range s.Fields {
		if s.Fields[i].Name == name {
			return &s.Fields[i]
		}
	}
	return nil
}

// Describe says in plain words what a value must be.
func (s *Shape) Describe() string {
	switch s.Kind {
	case Bool:
		return "true or false"
	case Int:
		return "a whole number"
	case Float:
		return "a number"
	case String:
		return "text"
	case Duration:
		return "a duration such as 30s"
	case List:
		return "a list"
	case Map:
		return "a mapping"
	case Struct:
		if s.Text {
			return "text or a mapping"
		}
		return "a mapping"
	case Expression:
		return "an expression"
	case Later:
		return "text"
	case Reference:
		return "the name of a file"
	}
	return "a value"
}
