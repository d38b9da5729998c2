package kinds

import (
	"encoding/json"
	"reflect"
	"strings"
	"sync"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/scenario-runner/scenario-runner/engine/eval"
)

var text = eval.Type{Kind: eval.String}

// reflection turns Go types of the API into types of expressions, each once. It is safe for concurrent use.
type reflection struct {
	mu   sync.Mutex
	made map[reflect.Type]eval.Type // of structs
}

// typeOf says how values of a Go type look in JSON.
func (r *reflection) typeOf(t reflect.Type) eval.Type {
	switch t {
	case reflect.TypeFor[resource.Quantity](), reflect.TypeFor[metav1.Time](), reflect.TypeFor[metav1.MicroTime](), reflect.TypeFor[metav1.Duration]():
		return text
	case reflect.TypeFor[intstr.IntOrString]():
		return eval.AnyType
	}
	switch t.Kind() {
	case reflect.Pointer:
		return r.typeOf(t.Elem())
	case reflect.Bool:
		return eval.Type{Kind: eval.Bool}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return eval.Type{Kind: eval.Int}
	case reflect.Float32, reflect.Float64:
		return eval.Type{Kind: eval.Float}
	case reflect.String:
		return text
	case reflect.Slice, reflect.Array:
		if t.Elem().Kind() == reflect.Uint8 {
			return text // base64
		}
		return eval.ListOf(r.typeOf(t.Elem()))
	case reflect.Map:
		return eval.MapOf(r.typeOf(t.Elem()))
	case reflect.Struct:
		return r.object(t)
	}
	return eval.AnyType
}

// object is the type of a struct. One that writes its JSON itself may be anything.
func (r *reflection) object(t reflect.Type) eval.Type {
	if reflect.PointerTo(t).Implements(reflect.TypeFor[json.Marshaler]()) {
		return eval.AnyType
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if known, ok := r.made[t]; ok {
		return known
	}
	if r.made == nil {
		r.made = map[reflect.Type]eval.Type{}
	}
	r.made[t] = eval.ObjectOf(func() []eval.Field { return r.fields(t) })
	return r.made[t]
}

// fields lists the fields of a struct by their names in JSON. Those of embedded structs are its own.
func (r *reflection) fields(t reflect.Type) []eval.Field {
	var out []eval.Field
	docs := documentation(t)
	for f := range t.Fields() {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case name == "-" || !f.IsExported():
		case name == "" && (f.Anonymous || strings.Contains(options, "inline")):
			embedded := f.Type
			if embedded.Kind() == reflect.Pointer {
				embedded = embedded.Elem()
			}
			out = append(out, r.fields(embedded)...)
		default:
			if name == "" {
				name = f.Name
			}
			out = append(out, eval.Field{Name: name, Doc: docs[name], Type: r.typeOf(f.Type)})
		}
	}
	return out
}

// documentation returns what the API says of the fields of a struct.
func documentation(t reflect.Type) map[string]string {
	if documented, ok := reflect.New(t).Interface().(interface{ SwaggerDoc() map[string]string }); ok {
		return documented.SwaggerDoc()
	}
	return nil
}
