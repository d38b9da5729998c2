package explain

import (
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
)

// current reports whether a pod comes from the present template of its workload. The pods of an earlier template may be
// as broken as they like while the rollout that cures them is on its way.
func current(object *unstructured.Unstructured, sets []*unstructured.Unstructured, pod *unstructured.Unstructured) bool {
	observed, _, _ := unstructured.NestedInt64(object.Object, "status", "observedGeneration")
	hash := pod.GetLabels()["controller-revision-hash"]
	switch object.GetKind() {
	case "Deployment":
		return observed >= object.GetGeneration() && slices.ContainsFunc(sets, func(set *unstructured.Unstructured) bool {
			const revision = "deployment.kubernetes.io/revision"
			return owns(set, pod) && owns(object, set) && set.GetAnnotations()[revision] == object.GetAnnotations()[revision]
		})
	case "StatefulSet":
		update, _, _ := unstructured.NestedString(object.Object, "status", "updateRevision")
		return observed >= object.GetGeneration() && owns(object, pod) && hash == update
	case "DaemonSet":
		return observed >= object.GetGeneration() && owns(object, pod) &&
			pod.GetLabels()["pod-template-generation"] == object.GetAnnotations()["deprecated.daemonset.template.generation"]
	}
	return owns(object, pod)
}

func owns(owner, object *unstructured.Unstructured) bool {
	for _, reference := range object.GetOwnerReferences() {
		if reference.UID == owner.GetUID() {
			return true
		}
	}
	return false
}

// unstructuredTo decodes a part of an object into a type of the API.
func unstructuredTo(content map[string]any, into any) error {
	return runtime.DefaultUnstructuredConverter.FromUnstructured(content, into)
}
