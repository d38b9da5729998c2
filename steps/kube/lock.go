package kube

import (
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Lock returns the name by which scenarios claim an object: "node/worker-1", "namespace/shop/deployment/web". Whoever holds
// "namespace/shop" holds all that is in it. Objects of other clusters than the default one have its name before theirs.
func (t *Target) Lock(kind, namespace, name string) string {
	parts := []string{strings.ToLower(kind), name}
	if namespace != "" {
		parts = append([]string{"namespace", namespace}, parts...)
	}
	if t.Cluster.Name != "" {
		parts = append([]string{"cluster", t.Cluster.Name}, parts...)
	}
	return strings.Join(parts, "/")
}

// Labelled reports whether an object, or the namespace that it is in, has a label that is given as key=value.
func Labelled(label string, objects ...*unstructured.Unstructured) bool {
	key, value, _ := strings.Cut(label, "=")
	for _, object := range objects {
		if has, ok := object.GetLabels()[key]; ok && has == value {
			return true
		}
	}
	return false
}
