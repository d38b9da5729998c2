package scale_test

import "k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

// hasStatus reports whether a quota is in force.
func hasStatus(object *unstructured.Unstructured) bool {
	if object == nil {
		return false
	}
	_, found, _ := unstructured.NestedMap(object.Object, "status", "hard")
	return found
}
