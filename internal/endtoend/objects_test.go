//go:build e2e

package endtoend

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"
)

// restTime is how long Kubernetes may take to remove what was deleted.
const restTime = time.Minute

// passing are kinds whose objects come and go by themselves, and old ones that show what others show.
var passing = []string{"events", "leases", "componentstatuses", "endpoints"}

// platform reports whether an object is made when it is first needed, and stays: accounts of Kubernetes, and the namespace
// in which runs keep their locks.
func platform(object unstructured.Unstructured) bool {
	const locks = "scenario-runner-locks"
	return object.GetKind() == "ServiceAccount" && object.GetNamespace() == metav1.NamespaceSystem ||
		object.GetNamespace() == locks || object.GetKind() == "Namespace" && object.GetName() == locks
}

// objects names every object of the cluster, and what chaos does to nodes.
func (c *cluster) objects(t *testing.T) []string {
	t.Helper()
	lists, err := c.kinds.ServerPreferredResources()
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, list := range lists {
		version, err := schema.ParseGroupVersion(list.GroupVersion)
		if err != nil {
			t.Fatal(err)
		}
		for _, kind := range list.APIResources {
			if !slices.Contains(kind.Verbs, "list") || slices.Contains(passing, kind.Name) || version.Group == "metrics.k8s.io" {
				continue
			}
			found, err := c.objectsOf.Resource(version.WithResource(kind.Name)).List(t.Context(), metav1.ListOptions{})
			if err != nil {
				t.Fatalf("list %s: %v", kind.Name, err)
			}
			for _, object := range found.Items {
				if platform(object) {
					continue
				}
				out = append(out, strings.TrimSpace(strings.Join([]string{kind.Kind, object.GetNamespace() + "/" + object.GetName(), marks(object)}, " ")))
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// marks are what chaos leaves on a node: whether it is cordoned, and its taints.
func marks(object unstructured.Unstructured) string {
	if object.GetKind() != "Node" {
		return ""
	}
	spec, _, _ := unstructured.NestedMap(object.Object, "spec")
	var said []string
	if spec["unschedulable"] == true {
		said = append(said, "cordoned")
	}
	taints, _, _ := unstructured.NestedSlice(spec, "taints")
	for _, entry := range taints {
		if taint, ok := entry.(map[string]any); ok {
			said = append(said, taint["key"].(string))
		}
	}
	return strings.Join(said, ",")
}

// untilObjects waits until the cluster has the objects that it had, no more and no less.
func (c *cluster) untilObjects(t *testing.T, want []string) {
	t.Helper()
	diff := ""
	if !eventually(t.Context(), restTime, func() bool {
		diff = cmp.Diff(want, c.objects(t))
		return diff == ""
	}) {
		t.Errorf("the cluster is not as it was before:\n%s", diff)
	}
}

// eventually reports whether a condition came true in time.
func eventually(ctx context.Context, limit time.Duration, condition func() bool) bool {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	ticker := time.NewTicker(250 * time.Millisecond)
	defer ticker.Stop()
	for !condition() {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return condition()
		}
	}
	return true
}

// manifests reads the objects of a file.
func manifests(t *testing.T, content []byte) []*unstructured.Unstructured {
	t.Helper()
	var out []*unstructured.Unstructured
	for text := range strings.SplitSeq(string(content), "\n---\n") {
		object := &unstructured.Unstructured{}
		if err := yaml.Unmarshal([]byte(text), &object.Object); err != nil {
			t.Fatal(err)
		}
		out = append(out, object)
	}
	return out
}
