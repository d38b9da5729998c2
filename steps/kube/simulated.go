package kube

import "k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

// Simulated reports whether a node is one of a sandbox that has no machine behind it: it carries KWOK's annotation.
func Simulated(node *unstructured.Unstructured) bool {
	return node.GetAnnotations()["kwok.x-k8s.io/node"] == "fake"
}
