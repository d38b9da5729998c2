package ready

import (
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

type conditionState struct{ kind, status, reason, message string }

// conditions reads status.conditions.
func conditions(object *unstructured.Unstructured) []conditionState {
	list, _, _ := unstructured.NestedSlice(object.Object, "status", "conditions")
	var out []conditionState
	for _, entry := range list {
		if c, ok := entry.(map[string]any); ok {
			out = append(out, conditionState{text(c, "type"), text(c, "status"), text(c, "reason"), text(c, "message")})
		}
	}
	return out
}

// condition returns the condition of that type if it is true.
func condition(object *unstructured.Unstructured, kind string) (conditionState, bool) {
	for _, c := range conditions(object) {
		if c.kind == kind && c.status == "True" {
			return c, true
		}
	}
	return conditionState{}, false
}

func text(content map[string]any, path ...string) string {
	value, _, _ := unstructured.NestedString(content, path...)
	return value
}

func count(object *unstructured.Unstructured, field string) int64 {
	value, _, _ := unstructured.NestedInt64(object.Object, "status", field)
	return value
}

func isQuota(message string) bool {
	return strings.Contains(message, "exceeded quota") || strings.Contains(message, "must specify limits") && strings.Contains(message, "failed quota")
}

func join(reason, message string) string {
	switch {
	case reason == "":
		return message
	case message == "" || message == reason:
		return reason
	}
	return reason + ": " + message
}

func orElse(value, fallback string) string {
	if value == "" {
		return fallback
	}
	return value
}
