package endtoend

import (
	"context"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
)

func TestNamespaceIsGoneSoon(t *testing.T) {
	t.Parallel()
	client := suite.shared.client
	made, err := client.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "gone-"}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	deploy(t, client, made.Name, deployment("web", 3))
	events, err := client.CoreV1().Namespaces().Watch(t.Context(), metav1.ListOptions{FieldSelector: "metadata.name=" + made.Name})
	if err != nil {
		t.Fatal(err)
	}
	defer events.Stop()
	began := time.Now()
	if err := client.CoreV1().Namespaces().Delete(t.Context(), made.Name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	for event := range events.ResultChan() {
		if event.Type == "DELETED" {
			break
		}
	}
	took := time.Since(began)
	t.Logf("the namespace was gone after %s", took)
	if took > 4*time.Second {
		t.Errorf("the namespace was gone after %s, expected less than the controller manager's own wait of 5s", took)
	}
}

func TestNamespaceWithCustomResourceThatIsHeld(t *testing.T) {
	t.Parallel()
	client := suite.shared.client
	untyped, err := dynamic.NewForConfig(suite.shared.config)
	if err != nil {
		t.Fatal(err)
	}
	made, err := client.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "custom-"}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	definitions := untyped.Resource(schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"})
	definition := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
		"metadata": map[string]any{"name": "gadgets.example.com"},
		"spec": map[string]any{
			"group": "example.com", "scope": "Namespaced",
			"names": map[string]any{"plural": "gadgets", "singular": "gadget", "kind": "Gadget"},
			"versions": []any{map[string]any{
				"name": "v1", "served": true, "storage": true,
				"schema": map[string]any{"openAPIV3Schema": map[string]any{"type": "object", "x-kubernetes-preserve-unknown-fields": true}},
			}},
		},
	}}
	if _, err := definitions.Create(t.Context(), definition, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	wait(t, "the established definition", &unstructured.Unstructured{}, watcher{
		list: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			return definitions.List(ctx, o)
		},
		watch: definitions.Watch,
	}, func(found *unstructured.Unstructured) bool {
		return found.GetName() == "gadgets.example.com" && strings.Contains(jsonOf(t, found), `"status":"True","type":"Established"`)
	})
	gadgets := untyped.Resource(schema.GroupVersionResource{Group: "example.com", Version: "v1", Resource: "gadgets"}).Namespace(made.Name)
	_, err = gadgets.Create(t.Context(), &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "example.com/v1", "kind": "Gadget",
		"metadata": map[string]any{"name": "one", "finalizers": []any{"example.com/held"}},
	}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	namespaces, err := client.CoreV1().Namespaces().Watch(t.Context(), metav1.ListOptions{FieldSelector: "metadata.name=" + made.Name})
	if err != nil {
		t.Fatal(err)
	}
	defer namespaces.Stop()
	if err := client.CoreV1().Namespaces().Delete(t.Context(), made.Name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	wait(t, "the object that is being deleted", &unstructured.Unstructured{}, watcher{
		list:  func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) { return gadgets.List(ctx, o) },
		watch: gadgets.Watch,
	}, func(found *unstructured.Unstructured) bool { return found.GetDeletionTimestamp() != nil })
	if _, err := client.CoreV1().Namespaces().Get(t.Context(), made.Name, metav1.GetOptions{}); err != nil {
		t.Errorf("the namespace has gone before what it holds: %v", err)
	}
	if _, err := gadgets.Patch(t.Context(), "one", types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`), metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	for {
		select {
		case event := <-namespaces.ResultChan():
			if event.Type == "DELETED" {
				return
			}
		case <-deadline.C:
			t.Fatal("waited for the end of the namespace: it still exists")
		}
	}
}

func jsonOf(t *testing.T, object *unstructured.Unstructured) string {
	t.Helper()
	content, err := object.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
