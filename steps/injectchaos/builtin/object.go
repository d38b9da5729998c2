package builtin

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/scenario-runner/scenario-runner/steps/injectchaos/driver"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/ready"
)

func describe(object *unstructured.Unstructured) driver.Object {
	return driver.Object{Kind: object.GetKind(), Name: object.GetName(), Namespace: object.GetNamespace()}
}

func describeAll(objects []*unstructured.Unstructured) []driver.Object {
	out := make([]driver.Object, len(objects))
	for i, object := range objects {
		out[i] = describe(object)
	}
	return out
}

// ownerOf returns the controller of an object, or nothing.
func ownerOf(object *unstructured.Unstructured) metav1.OwnerReference {
	if owner := metav1.GetControllerOf(object); owner != nil {
		return *owner
	}
	return metav1.OwnerReference{}
}

// condition returns the status of a condition: "True", "False", "Unknown", or "" when there is none.
func condition(object *unstructured.Unstructured, kind string) string {
	conditions, _, _ := unstructured.NestedSlice(object.Object, "status", "conditions")
	for _, entry := range conditions {
		if c, ok := entry.(map[string]any); ok && c["type"] == kind {
			return fmt.Sprint(c["status"])
		}
	}
	return ""
}

func nodeReady(node *unstructured.Unstructured) string { return condition(node, "Ready") }

// images returns the images that the containers of a pod ask for.
func images(pod *unstructured.Unstructured) []string {
	var out []string
	for _, field := range []string{"initContainers", "containers"} {
		containers, _, _ := unstructured.NestedSlice(pod.Object, "spec", field)
		for _, entry := range containers {
			if c, ok := entry.(map[string]any); ok {
				out = append(out, fmt.Sprint(c["image"]))
			}
		}
	}
	return out
}

// podSelector returns how a workload finds its pods: a label selector, or for services a plain set of labels.
func podSelector(workload *unstructured.Unstructured) (labels.Selector, error) {
	given, found, err := unstructured.NestedMap(workload.Object, "spec", "selector")
	if err != nil || !found || len(given) == 0 {
		return nil, fmt.Errorf("%s has no pods of its own: it has no spec.selector", describe(workload))
	}
	_, byLabels := given["matchLabels"]
	_, byExpressions := given["matchExpressions"]
	if !byLabels && !byExpressions {
		set, _, err := unstructured.NestedStringMap(workload.Object, "spec", "selector")
		if err != nil {
			return nil, fmt.Errorf("the selector of %s: %w", describe(workload), err)
		}
		return labels.SelectorFromSet(set), nil
	}
	var selector metav1.LabelSelector
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(given, &selector); err != nil {
		return nil, fmt.Errorf("the selector of %s: %w", describe(workload), err)
	}
	return metav1.LabelSelectorAsSelector(&selector)
}

// readyAgain looks for a workload that is ready, or that somebody removed in the meantime.
func readyAgain(workload *unstructured.Unstructured) func(kube.Snapshot) (bool, string) {
	return func(shot kube.Snapshot) (bool, string) {
		if shot.Object == nil {
			return true, fmt.Sprintf("%s is gone", describe(workload))
		}
		status := ready.Of(shot.Object)
		return status.Ready, fmt.Sprintf("%s is not ready again: %s", describe(workload), status.Message)
	}
}
