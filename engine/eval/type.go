package eval

import (
	"reflect"
	"slices"
	"strings"
	"time"
)

// Kind is the shape of a type.
type Kind int

// The kinds. Any silences every check: what can't be known is not guessed at.
const (
	Any Kind = iota
	Bool
	Int
	Float
	String
	Duration
	Time
	List
	Object // named fields, nothing else
	Map    // any text as key
)

var kindNames = [...]string{"anything", "true or false", "a whole number", "a number", "text", "a duration", "a time", "a list", "an object", "a map"}

// String describes k for people.
func (k Kind) String() string { return kindNames[k] }

// Type is what is known of a value before the run.
type Type struct {
	Kind   Kind
	Fields []Field // of an Object, in declaration order; see Members
	Elem   *Type   // of a List or a Map; nil means anything
	lazy   *lazy   // of an Object made by ObjectOf, instead of Fields
}

// Field is a named part of an object.
type Field struct {
	Name string
	Doc  string
	Type Type
	// Origin says where the field is declared, in the terms of whoever knows; "" when it is declared by us. Editors go there.
	Origin string
}

// AnyType is the type of what is not known.
var AnyType = Type{}

// ListOf returns the type of a list of elem.
func ListOf(elem Type) Type { return Type{Kind: List, Elem: &elem} }

// MapOf returns the type of a map from text to elem.
func MapOf(elem Type) Type { return Type{Kind: Map, Elem: &elem} }

// Members returns the fields of an object in declaration order, also of one made by ObjectOf.
func (t Type) Members() []Field {
	if t.lazy != nil {
		return t.lazy.members()
	}
	return t.Fields
}

// Names returns the field names of an object in declaration order.
func (t Type) Names() []string {
	members := t.Members()
	names := make([]string, len(members))
	for i, f := range members {
		names[i] = f.Name
	}
	return names
}

// Field returns the named field of an object.
func (t Type) Field(name string) (Field, bool) {
	if t.lazy != nil {
		return t.lazy.field(name)
	}
	i := slices.IndexFunc(t.Fields, func(f Field) bool { return f.Name == name })
	if i < 0 {
		return Field{}, false
	}
	return t.Fields[i], true
}

// With returns a copy of an object type in which name has type f.
func (t Type) With(name, doc string, f Type) Type {
	t.Kind = Object
	t.Fields, t.lazy = slices.Clone(t.Members()), nil
	if i := slices.IndexFunc(t.Fields, func(f Field) bool { return f.Name == name }); i >= 0 {
		t.Fields[i] = Field{Name: name, Doc: doc, Type: f}
		return t
	}
	t.Fields = append(t.Fields, Field{Name: name, Doc: doc, Type: f})
	return t
}

// TypeOfValue returns the type of a decoded YAML value.
func TypeOfValue(v any) Type {
	switch v := v.(type) {
	case bool:
		return Type{Kind: Bool}
	case int, int64:
		return Type{Kind: Int}
	case float64:
		return Type{Kind: Float}
	case string:
		return Type{Kind: String}
	case time.Duration:
		return Type{Kind: Duration}
	case []any:
		return listType(v)
	case map[string]any:
		t := Type{Kind: Object}
		names := make([]string, 0, len(v))
		for name := range v {
			names = append(names, name)
		}
		slices.Sort(names)
		for _, name := range names {
			t.Fields = append(t.Fields, Field{Name: name, Type: TypeOfValue(v[name])})
		}
		return t
	}
	return AnyType
}

func listType(v []any) Type {
	if len(v) == 0 {
		return ListOf(AnyType)
	}
	first := TypeOfValue(v[0])
	for _, e := range v[1:] {
		if !reflect.DeepEqual(TypeOfValue(e), first) {
			return ListOf(AnyType)
		}
	}
	return ListOf(first)
}

// TypeOfStruct returns the object type of a struct whose fields carry `expr:"name"` and `doc:"…"` tags; a field of kind
// interface is Any. It panics on a Go type that expressions can't hold, which is a mistake of the step's author.
func TypeOfStruct(t reflect.Type) Type {
	switch {
	case t == reflect.TypeFor[time.Duration]():
		return Type{Kind: Duration}
	case t == reflect.TypeFor[time.Time]():
		return Type{Kind: Time}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return TypeOfStruct(t.Elem())
	case reflect.Bool:
		return Type{Kind: Bool}
	case reflect.Int, reflect.Int64, reflect.Int32:
		return Type{Kind: Int}
	case reflect.Float64:
		return Type{Kind: Float}
	case reflect.String:
		return Type{Kind: String}
	case reflect.Interface:
		return AnyType
	case reflect.Slice:
		return ListOf(TypeOfStruct(t.Elem()))
	case reflect.Map:
		return MapOf(TypeOfStruct(t.Elem()))
	case reflect.Struct:
		out := Type{Kind: Object}
		for f := range t.Fields() {
			name, _, _ := strings.Cut(f.Tag.Get("expr"), ",")
			if name == "" || name == "-" {
				continue
			}
			out.Fields = append(out.Fields, Field{Name: name, Doc: f.Tag.Get("doc"), Type: TypeOfStruct(f.Type)})
		}
		return out
	}
	panic("eval: expressions can't hold a " + t.String())
}

// ValueOfStruct turns a struct with `expr` tags into the map that expressions read. Nested structs, slices and maps are
// converted too.
func ValueOfStruct(v any) map[string]any {
	m, _ := plain(reflect.ValueOf(v)).(map[string]any)
	return m
}

func plain(v reflect.Value) any {
	if !v.IsValid() {
		return nil
	}
	switch v.Type() {
	case reflect.TypeFor[time.Duration](), reflect.TypeFor[time.Time]():
		return v.Interface()
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return nil
		}
		return plain(v.Elem())
	case reflect.Int, reflect.Int32, reflect.Int64:
		return int(v.Int())
	case reflect.String:
		return v.String()
	case reflect.Slice:
		out := make([]any, v.Len())
		for i := range out {
			out[i] = plain(v.Index(i))
		}
		return out
	case reflect.Map:
		out := make(map[string]any, v.Len())
		for it := v.MapRange(); it.Next(); {
			out[it.Key().String()] = plain(it.Value())
		}
		return out
	case reflect.Struct:
		out := make(map[string]any, v.NumField())
		for i, f := range fields(v.Type()) {
			if f != "" {
				out[f] = plain(v.Field(i))
			}
		}
		return out
	}
	return v.Interface()
}

// fields returns the expr name of each field of a struct, "" for those that expressions don't see.
func fields(t reflect.Type) []string {
	names := make([]string, t.NumField())
	for i := range names {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("expr"), ",")
		if name != "-" {
			names[i] = name
		}
	}
	return names
}

// goType is the Go type of values of a scalar kind, nil for the others.
func (k Kind) goType() reflect.Type {
	switch k {
	case Bool:
		return reflect.TypeFor[bool]()
	case Int:
		return reflect.TypeFor[int]()
	case Float:
		return reflect.TypeFor[float64]()
	case String:
		return reflect.TypeFor[string]()
	case Duration:
		return reflect.TypeFor[time.Duration]()
	case Time:
		return reflect.TypeFor[time.Time]()
	}
	return nil
}
