//go:build e2e

package endtoend

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
)

// servedTime is how long a new kind may take to be served.
const servedTime = 30 * time.Second

// defineLitmus defines the kinds of LitmusChaos once for all stories, as somebody who installs its operator does.
func (c *cluster) defineLitmus(t *testing.T) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(c.root, "steps", "injectchaos", "litmus", "crds.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	definitions := c.objectsOf.Resource(schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"})
	for _, object := range manifests(t, content) {
		_, err := definitions.Create(t.Context(), object, metav1.CreateOptions{})
		if err != nil && !apierrors.IsAlreadyExists(err) {
			t.Fatal(err)
		}
	}
	if !eventually(t.Context(), servedTime, func() bool {
		_, err := c.chaos("chaosresults").List(t.Context(), metav1.ListOptions{})
		return err == nil
	}) {
		t.Fatalf("the kinds of Litmus are not served after %s", servedTime)
	}
}

// chaos is one of the kinds of LitmusChaos.
func (c *cluster) chaos(resource string) dynamic.NamespaceableResourceInterface {
	return c.objectsOf.Resource(schema.GroupVersionResource{Group: "litmuschaos.io", Version: "v1alpha1", Resource: resource})
}

// injected reports whether LitmusChaos says that it has hit something, anywhere.
func (c *cluster) injected(t *testing.T) bool {
	t.Helper()
	results, err := c.chaos("chaosresults").List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return slices.ContainsFunc(results.Items, func(result unstructured.Unstructured) bool {
		return slices.Contains(slices.Collect(maps.Values(result.GetAnnotations())), "injected")
	})
}

// core is one of the kinds of the core group.
func (c *cluster) core(resource string) dynamic.NamespaceableResourceInterface {
	return c.objectsOf.Resource(schema.GroupVersionResource{Version: "v1", Resource: resource})
}

// resource is the kind of an object.
func (c *cluster) resource(t *testing.T, object *unstructured.Unstructured) dynamic.NamespaceableResourceInterface {
	t.Helper()
	kind := object.GroupVersionKind()
	served, err := c.kinds.ServerResourcesForGroupVersion(kind.GroupVersion().String())
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range served.APIResources {
		if r.Kind == kind.Kind && !strings.Contains(r.Name, "/") {
			return c.objectsOf.Resource(kind.GroupVersion().WithResource(r.Name))
		}
	}
	t.Fatalf("the server has no %s", kind)
	return nil
}
