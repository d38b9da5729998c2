package assert

import (
	"fmt"
	"reflect"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/steps/observe"
)

// Functions returns what claims and conditions can call beside the functions of the language: what is said about
// objects and lists again and again.
func Functions() []eval.Function {
	return []eval.Function{
		{
			Name:  "condition",
			Doc:   `condition(object, "Available") is the entry of status.conditions with that type: type, status, reason, message. It is nil while there is none, so write condition(object, "Available")?.status == "True" where it may be missing.`,
			Types: []any{new(func(any, string) any)},
			Func:  func(args ...any) (any, error) { return condition(args[0], args[1]) },
		},
		{
			Name:  "ready",
			Doc:   `ready(object) is true when the object is ready by the rule of its kind; nil is not ready.`,
			Types: []any{new(func(any) bool)},
			Func:  func(args ...any) (any, error) { return isReady(args[0]) },
		},
		{
			Name:  "missing",
			Doc:   `missing(["a", "b"], found) lists the values of the first list that are not in the second: at least once is missing(wanted, found) == [].`,
			Types: []any{new(func([]any, []any) []any)},
			Func:  func(args ...any) (any, error) { return missing(list(args[0]), list(args[1])), nil },
		},
		{
			Name:  "repeated",
			Doc:   `repeated(found) lists the values that are there more than once: exactly once is missing(wanted, found) == [] and repeated(found) == [].`,
			Types: []any{new(func([]any) []any)},
			Func:  func(args ...any) (any, error) { return repeated(list(args[0])), nil },
		},
		{
			Name:  "inOrder",
			Doc:   `inOrder(map(events, .reason), ["Scheduled", "Started"]) is true when the wanted values occur in this order, others between them or not.`,
			Types: []any{new(func([]any, []any) bool)},
			Func:  func(args ...any) (any, error) { return inOrder(list(args[0]), list(args[1])), nil },
		},
		{
			Name:  "ordered",
			Doc:   `ordered(map(events, .at), "2s") is true when no time is earlier than one before it by more than the tolerance, for clocks that differ. Without tolerance also for numbers.`,
			Types: []any{new(func([]any) bool), new(func([]any, string) bool)},
			Func:  func(args ...any) (any, error) { return ordered(args...) },
		},
	}
}

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

func condition(object, wanted any) (any, error) {
	if object == nil {
		return nil, nil
	}
	fields, ok := object.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("condition(object, type): expected an object, found %s", eval.Format(object))
	}
	conditions, _, err := unstructured.NestedSlice(fields, "status", "conditions")
	if err != nil {
		return nil, fmt.Errorf("condition(object, type): %w", err)
	}
	for _, raw := range conditions {
		entry, ok := raw.(map[string]any)
		if !ok || entry["type"] != wanted {
			continue
		}
		for _, key := range []string{"status", "reason", "message"} {
			if _, ok := entry[key]; !ok {
				entry[key] = ""
			}
		}
		return entry, nil
	}
	return nil, nil
}

func isReady(object any) (any, error) {
	if object == nil {
		return false, nil
	}
	fields, ok := object.(map[string]any)
	if !ok || fields["kind"] == nil {
		return nil, fmt.Errorf("ready(object): expected a Kubernetes object, found %s", eval.Format(object))
	}
	ready, _ := observe.Ready([]*unstructured.Unstructured{{Object: fields}})
	return ready, nil
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
