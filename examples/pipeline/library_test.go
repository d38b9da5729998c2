package main

import (
	"context"
	"os"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/yaml"

	"github.com/scenario-runner/scenario-runner/examples/pipeline/internal/cluster"
)

// definitions makes sure that the custom resources of the pipeline are served. They stay: other tests use them.
func definitions(t *testing.T, on *cluster.Cluster) {
	t.Helper()
	file, err := os.Open("../../scenarios/library/crds/kubernaut.yaml")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	decoder := yaml.NewYAMLOrJSONDecoder(file, 4096)
	for {
		var object map[string]any
		if err := decoder.Decode(&object); err != nil {
			break // the end
		}
		if err := on.Create(t.Context(), "customresourcedefinitions.apiextensions.k8s.io", "", object); err != nil {
			t.Fatal(err)
		}
		served(t, on, object["metadata"].(map[string]any)["name"].(string))
	}
}

// served waits until the API server serves a definition.
func served(t *testing.T, on *cluster.Cluster, name string) {
	t.Helper()
	client, err := on.In("customresourcedefinitions.apiextensions.k8s.io", "")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	watching, err := client.Watch(ctx, metav1.ListOptions{FieldSelector: "metadata.name=" + name})
	if err != nil {
		t.Fatal(err)
	}
	defer watching.Stop()
	for {
		object, err := on.Get(ctx, "customresourcedefinitions.apiextensions.k8s.io", "", name)
		if err != nil {
			t.Fatal(err)
		}
		if condition, _ := cluster.Functions()["condition"].(func(any, string) string); condition(object, "Established") == "True" {
			return
		}
		if _, more := <-watching.ResultChan(); !more {
			t.Fatalf("%s is not served", name)
		}
	}
}

// production says that the namespace is one in which a human has to approve.
func (s standIn) production(t *testing.T) error {
	t.Helper()
	client, err := s.In("namespaces", "")
	if err != nil {
		return err
	}
	_, err = client.Patch(t.Context(), s.namespace, types.MergePatchType, []byte(`{"metadata": {"labels": {"kubernaut.ai/environment": "production"}}}`), metav1.PatchOptions{})
	return err
}
