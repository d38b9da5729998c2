package simulation

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// metricsWindow is over which time a usage is said to be measured.
const metricsWindow = 15 * time.Second

// PodMetricsResource is the resource from which a HorizontalPodAutoscaler reads what pods use.
func PodMetricsResource() schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: "metrics.k8s.io", Version: "v1beta1", Resource: "pods"}
}

// PodMetricsDefinition lets the API server itself serve the resource metrics API, in place of an API server of its own:
// there is nothing to measure, and a group whose server can be away breaks the discovery of all others.
func PodMetricsDefinition() *unstructured.Unstructured {
	kind := PodMetricsResource()
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "apiextensions.k8s.io/v1",
		"kind":       "CustomResourceDefinition",
		"metadata": map[string]any{
			"name": kind.Resource + "." + kind.Group,
			// Groups of Kubernetes itself need a word about their approval.
			"annotations": map[string]any{"api-approved.kubernetes.io": "unapproved, served by a sandbox in place of metrics-server"},
		},
		"spec": map[string]any{
			"group": kind.Group, "scope": "Namespaced",
			"names": map[string]any{"plural": kind.Resource, "singular": "podmetrics", "kind": "PodMetrics"},
			"versions": []any{map[string]any{
				"name": kind.Version, "served": true, "storage": true,
				"schema": map[string]any{"openAPIV3Schema": map[string]any{
					"type": "object", "x-kubernetes-preserve-unknown-fields": true,
				}},
			}},
		},
	}}
}

// PodMetrics returns what a pod is said to use, or nil if its annotations say nothing or it doesn't run.
func PodMetrics(pod *corev1.Pod, now time.Time) *unstructured.Unstructured {
	if pod.Status.Phase != corev1.PodRunning || pod.DeletionTimestamp != nil ||
		pod.Annotations[CPUUsage] == "" && pod.Annotations[MemoryUsage] == "" {
		return nil
	}
	containers := make([]any, 0, len(pod.Spec.Containers))
	for _, container := range pod.Spec.Containers {
		containers = append(containers, map[string]any{
			"name": container.Name,
			"usage": map[string]any{
				"cpu":    quantity(pod.Annotations[CPUUsage], container.Name),
				"memory": quantity(pod.Annotations[MemoryUsage], container.Name),
			},
		})
	}
	kind := PodMetricsResource()
	metrics := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": kind.GroupVersion().String(), "kind": "PodMetrics",
		"timestamp": now.UTC().Format(time.RFC3339), "window": metricsWindow.String(),
		"containers": containers,
	}}
	metrics.SetNamespace(pod.Namespace)
	metrics.SetName(pod.Name)
	metrics.SetLabels(pod.Labels)
	return metrics
}

func quantity(annotation, container string) string {
	usage, ok := UsageOf(annotation, container)
	if !ok {
		usage = resource.Quantity{}
	}
	return usage.String()
}
