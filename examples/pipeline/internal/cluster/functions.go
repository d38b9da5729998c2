package cluster

import (
	"fmt"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/scenario-runner/scenario-runner/examples/pipeline/internal/text"
)

const revisionAnnotation = "deployment.kubernetes.io/revision"

// Functions are what expressions may call on objects.
func Functions() text.Scope {
	return text.Scope{
		"waiting":    waiting,
		"ended":      ended,
		"exitCode":   exitCode,
		"ready":      func(object any) bool { return condition(object, "Ready") == "True" },
		"condition":  condition,
		"workload":   workload,
		"revision":   revision,
		"annotation": func(object any, key string) string { return nested(object, "metadata", "annotations", key) },
		"label":      func(object any, key string) string { return nested(object, "metadata", "labels", key) },
		"quantity":   quantity,
		"limited":    limited,
		"imaged":     imaged,
		"restricted": restricted,
	}
}

func asMap(object any) map[string]any {
	m, _ := object.(map[string]any)
	return m
}

func nested(object any, path ...string) string {
	value, _, err := unstructured.NestedString(asMap(object), path...)
	if err != nil {
		return ""
	}
	return value
}

// containers returns the states of the containers of a pod.
func containers(pod any) []map[string]any {
	found, _, err := unstructured.NestedSlice(asMap(pod), "status", "containerStatuses")
	if err != nil {
		return nil
	}
	var out []map[string]any
	for _, one := range found {
		out = append(out, asMap(one))
	}
	return out
}

// waiting returns why the first container that waits does so.
func waiting(pod any) string {
	for _, c := range containers(pod) {
		if reason := nested(c, "state", "waiting", "reason"); reason != "" {
			return reason
		}
	}
	return ""
}

// ended returns why the first container that has ended did so, now or the last time.
func ended(pod any) string {
	for _, c := range containers(pod) {
		for _, when := range []string{"state", "lastState"} {
			if reason := nested(c, when, "terminated", "reason"); reason != "" {
				return reason
			}
		}
	}
	return ""
}

// exitCode returns with what the first container that has ended did so, now or the last time; 0 when none has.
func exitCode(pod any) int {
	for _, c := range containers(pod) {
		for _, when := range []string{"state", "lastState"} {
			if code, found, err := unstructured.NestedInt64(c, when, "terminated", "exitCode"); found && err == nil {
				return int(code)
			}
		}
	}
	return 0
}

// condition returns the status of a condition, "" when there is none.
func condition(object any, kind string) string {
	found, _, err := unstructured.NestedSlice(asMap(object), "status", "conditions")
	if err != nil {
		return ""
	}
	for _, one := range found {
		if nested(one, "type") == kind {
			return nested(one, "status")
		}
	}
	return ""
}

// workload returns the name of what a pod belongs to: the deployment and not its replica set.
func workload(pod any) string {
	u := unstructured.Unstructured{Object: asMap(pod)}
	owner := metav1.GetControllerOfNoCopy(&u)
	switch {
	case owner == nil:
		return u.GetName()
	case owner.Kind == "ReplicaSet":
		return strings.TrimSuffix(owner.Name, "-"+u.GetLabels()["pod-template-hash"])
	}
	return owner.Name
}

// revision returns the number of the revision of a deployment or a replica set.
func revision(object any) int {
	number, err := strconv.Atoi(nested(object, "metadata", "annotations", revisionAnnotation))
	if err != nil {
		return 0
	}
	return number
}

// quantity reads a quantity such as 128Mi as a number; nothing is 0.
func quantity(value any) (float64, error) {
	if value == nil || value == "" {
		return 0, nil
	}
	parsed, err := resource.ParseQuantity(fmt.Sprint(value))
	if err != nil {
		return 0, fmt.Errorf("quantity %v: %w", value, err)
	}
	return parsed.AsApproximateFloat64(), nil
}

// changed returns a copy of the containers of a pod template in which each was changed.
func changed(containers any, change func(map[string]any)) []any {
	found, _ := containers.([]any)
	var out []any
	for _, one := range found {
		container := runtime.DeepCopyJSON(asMap(one))
		change(container)
		out = append(out, container)
	}
	return out
}

// limited returns containers with another memory limit.
func limited(containers any, memory string) []any {
	return changed(containers, func(c map[string]any) {
		c["resources"] = map[string]any{"limits": map[string]any{"memory": memory}}
	})
}

// imaged returns containers with another image.
func imaged(containers any, image string) []any {
	return changed(containers, func(c map[string]any) { c["image"] = image })
}

// restricted returns containers that ask for nothing that a restricted namespace forbids.
func restricted(containers any) []any {
	return changed(containers, func(c map[string]any) {
		c["securityContext"] = map[string]any{
			"runAsNonRoot": true, "runAsUser": int64(1000), "allowPrivilegeEscalation": false,
			"capabilities": map[string]any{"drop": []any{"ALL"}},
		}
	})
}
