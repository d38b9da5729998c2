package kube_test

import (
	"testing"

	"go.uber.org/goleak"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/kubetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const configMap = `
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {color: blue}
`

const deployment = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: registry.example/web:1}]}
`

func ref(t testing.TB, text string) kube.Ref {
	t.Helper()
	parsed, err := kube.ParseRef(text)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func text(object *unstructured.Unstructured, path ...string) string {
	if object == nil {
		return "<none>"
	}
	value, _, _ := unstructured.NestedString(object.Object, path...)
	return value
}

func number(object *unstructured.Unstructured, path ...string) int64 {
	if object == nil {
		return -1
	}
	value, _, _ := unstructured.NestedInt64(object.Object, path...)
	return value
}

func undo(t *testing.T, env *kube.Env, name string) step.Undo {
	t.Helper()
	for _, candidate := range env.Undos() {
		if candidate.Name == name {
			return candidate
		}
	}
	t.Fatalf("no undo is called %q", name)
	return step.Undo{}
}

func TestReferenceJobCostsItsRequestsOnly(t *testing.T) {
	c := kubetest.New(t)
	if _, err := c.Target.List(t.Context(), ref(t, "deployments")); err != nil { // discovery is cached from here on
		t.Fatal(err)
	}
	before := requests(c)
	c.Apply(t, configMap)
	c.Apply(t, deployment)
	available := func(n int64) func(*unstructured.Unstructured) bool {
		return func(o *unstructured.Unstructured) bool { return number(o, "status", "availableReplicas") == n }
	}
	c.Until(t, "deployment/web", available(2))
	if _, err := c.Target.Patch(t.Context(), ref(t, "deploy/web"), kube.Patch{Body: map[string]any{"spec": map[string]any{"replicas": 4}}}); err != nil {
		t.Fatal(err)
	}
	c.Until(t, "deployments.apps/web", available(4))
	if _, err := c.Target.Get(t.Context(), ref(t, "cm/settings")); err != nil {
		t.Fatal(err)
	}
	// Two applies, one watch, one patch, one read.
	if cost := requests(c) - before; cost != 5 {
		t.Errorf("the job cost %d requests, want 5", cost)
	}
	if open := c.Host.Open(); len(open) != 1 {
		t.Errorf("in its own namespace a scenario needs one ledger entry, got %q", open)
	}
}

func requests(c *kubetest.Cluster) int64 { return c.Env.Stats()[0].Requests }
