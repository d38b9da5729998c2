package assert

import (
	"fmt"
	"reflect"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/eval"
)

// list returns a list as it is, whatever its Go type.
func list(v any) []any {
	if items, ok := v.([]any); ok {
		return items
	}
	r := reflect.ValueOf(v)
	if r.Kind() != reflect.Slice {
		return nil
	}
	items := make([]any, r.Len())
	for i := range items {
		items[i] = r.Index(i).Interface()
	}
	return items
}

func missing(wanted, found []any) []any {
	out := []any{}
	for _, w := range wanted {
		if !contains(found, w) && !contains(out, w) {
			out = append(out, w)
		}
	}
	return out
}

func repeated(found []any) []any {
	out := []any{}
	for i, f := range found {
		if contains(found[:i], f) && !contains(out, f) {
			out = append(out, f)
		}
	}
	return out
}

func inOrder(found, wanted []any) bool {
	for _, f := range found {
		if len(wanted) > 0 && equal(f, wanted[0]) {
			wanted = wanted[1:]
		}
	}
	return len(wanted) == 0
}

func contains(items []any, v any) bool {
	for _, item := range items {
		if equal(item, v) {
			return true
		}
	}
	return false
}

// equal compares numbers by value: an API gives int64 where an expression has int.
func equal(a, b any) bool {
	x, isNumber := number(a)
	y, bothNumbers := number(b)
	if isNumber && bothNumbers {
		return x == y
	}
	return reflect.DeepEqual(a, b)
}

func number(v any) (float64, bool) {
	switch v := v.(type) {
	case int:
		return float64(v), true
	case int64:
		return float64(v), true
	case float64:
		return v, true
	}
	return 0, false
}

func ordered(args ...any) (any, error) {
	var tolerance time.Duration
	if len(args) > 1 {
		var err error
		if tolerance, err = time.ParseDuration(fmt.Sprint(args[1])); err != nil {
			return nil, fmt.Errorf("ordered(…, %q): write a number and a unit, as in 2s", args[1])
		}
	}
	highest := 0.0
	for i, item := range list(args[0]) {
		at, err := position(item)
		if err != nil {
			return nil, err
		}
		if i > 0 && at < highest-tolerance.Seconds() {
			return false, nil
		}
		highest = max(highest, at)
		if i == 0 {
			highest = at
		}
	}
	return true, nil
}

// position places a time or a number on a line; times count in seconds.
func position(v any) (float64, error) {
	if n, ok := number(v); ok {
		return n, nil
	}
	switch v := v.(type) {
	case time.Time:
		return seconds(v), nil
	case string:
		if at, err := time.Parse(time.RFC3339Nano, v); err == nil {
			return seconds(at), nil
		}
	}
	return 0, fmt.Errorf("ordered(…): expected times or numbers, found %s", eval.Format(v))
}

func seconds(at time.Time) float64 { return float64(at.UnixMicro()) / 1e6 }
