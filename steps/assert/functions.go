package assert

import (
	"fmt"

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
