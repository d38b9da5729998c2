package eval

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/expr-lang/expr/vm/runtime"
)

// access is what is known of `a.b` before the run, for the run.
type access struct {
	of, name string
	known    bool // the type of a has the field, so that its absence means its zero value
	zero     Kind // of the field
	optional bool // an absent item is nil
	through  bool // a itself may be absent, as in x?.a.b, and means its zero value then
}

// MarshalJSON tells accesses apart. The optimizer of expr makes one predicate of two, as of all(a, …) && all(b, …), when both
// lists are written alike, and writes a constant as JSON: without this, a.x and a.y would be the same list to it.
func (a *access) MarshalJSON() ([]byte, error) {
	return json.Marshal([]any{a.name, a.optional, a.through})
}

// itemFunction is what `a[i]` is compiled to.
const itemFunction = "‹item›"

// item is the run-time half of strict access to a list: item(base, index, access). A list that has not so many items is
// like an object without a field: there may be more of them later.
func item(args ...any) (any, error) {
	a, _ := args[2].(*access)
	items := reflect.ValueOf(args[0])
	index := reflect.ValueOf(args[1])
	switch {
	case args[0] == nil && a.optional:
		return nil, nil
	case args[0] == nil:
		return nil, &MissingError{Of: a.of, Name: fmt.Sprint(args[1]), Item: true, Nil: true}
	case items.Kind() != reflect.Slice || !index.CanInt():
		return runtime.Fetch(args[0], args[1]), nil
	}
	at := int(index.Int())
	if at < 0 {
		at += items.Len() // -1 is the last one
	}
	if at >= 0 && at < items.Len() {
		return items.Index(at).Interface(), nil
	}
	if a.optional {
		return nil, nil
	}
	return nil, &MissingError{Of: a.of, Name: fmt.Sprint(args[1]), Item: true, Has: make([]string, items.Len())}
}

// field is the run-time half of strict access: field(base, access).
func field(args ...any) (any, error) {
	a, _ := args[1].(*access)
	switch base := args[0].(type) {
	case map[string]any:
		v, ok := base[a.name]
		if v == nil && a.known {
			return a.zero.value(), nil
		}
		if !ok {
			return nil, &MissingError{Of: a.of, Name: a.name, Has: slices.Sorted(maps.Keys(base))}
		}
		return v, nil
	case nil:
		if a.through {
			return a.zero.value(), nil
		}
		return nil, &MissingError{Of: a.of, Name: a.name, Nil: true}
	}
	v := reflect.ValueOf(args[0])
	if v.Kind() == reflect.Map && v.Type().Key().Kind() == reflect.String {
		if e := v.MapIndex(reflect.ValueOf(a.name).Convert(v.Type().Key())); e.IsValid() {
			return e.Interface(), nil
		}
		return nil, &MissingError{Of: a.of, Name: a.name}
	}
	return nil, fmt.Errorf("%s is %s, which has no field %q", a.of, describe(args[0]), a.name)
}

// value is the zero value of a kind: what Kubernetes means by leaving a field out.
func (k Kind) value() any {
	switch k {
	case Bool:
		return false
	case Int:
		return 0
	case Float:
		return 0.0
	case String:
		return ""
	case List:
		return []any{}
	case Object, Map:
		return map[string]any{}
	}
	return nil
}

func describe(v any) string {
	switch v := v.(type) {
	case string:
		return "text"
	case bool:
		return "true or false"
	case int, int64, float64:
		return "a number"
	case []any:
		return "a list"
	default:
		return fmt.Sprintf("a %T", v)
	}
}
