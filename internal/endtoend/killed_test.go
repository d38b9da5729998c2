//go:build e2e

package endtoend

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// killedStory lets LitmusChaos hurt a pod that outlives the run, for as long as nobody takes it back.
const killedStory = `
apiVersion: scenario-runner/v1
kind: Scenario
metadata: {name: killed-in-the-middle}
steps:
- id: fault
  namespace: outlives-the-run # as outliving below
  injectChaos:
    experiment: EXPERIMENT
    driver: litmus
    target: deployment/web
    parameters: PARAMETERS
    litmus: {image: "localhost/go-runner:1"}
  timeout: 2m
- sleep: {for: 10m}
- assert: steps.fault.proof == "stated"
`

const (
	outliving = "outlives-the-run"
	// injectionTime is how long LitmusChaos may take until it says that the fault is there, and runningTime how long the
	// pods may take to be ready.
	injectionTime, runningTime = 2 * time.Minute, time.Minute
)

// killedRun kills the runner while a real experiment runs on pods that are there before and after, and lets cleanup take it
// back: the same pods must be whole again, and nothing else may be left.
func (c *cluster) killedRun(t *testing.T) {
	defer c.deployed(t, outliving, "web.yaml")()
	pods := c.readyPods(t, 3)
	for _, tt := range []struct{ experiment, parameters string }{
		{"pod-network-loss", "{loss: 100}"},
		{"pod-memory-hog", "{megabytes: 40}"},
	} {
		t.Run(tt.experiment, func(t *testing.T) {
			before := c.objects(t)
			c.kill(t, strings.NewReplacer("EXPERIMENT", tt.experiment, "PARAMETERS", tt.parameters).Replace(killedStory))
			start := time.Now()
			cleanup, err := c.command(t.Context(), "scenario-runner", "cleanup", "--all").CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, cleanup)
			}
			t.Logf("cleanup took %s", time.Since(start).Round(100*time.Millisecond))
			if diff := cmp.Diff(pods, c.readyPods(t, 3)); diff != "" {
				t.Errorf("the pods are not the same: %s", diff)
			}
			c.untilObjects(t, before)
		})
	}
}

// kill runs a story until LitmusChaos has hit something, and kills the runner then.
func (c *cluster) kill(t *testing.T, story string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "killed.scenario.yaml")
	if err := os.WriteFile(file, []byte(story), 0o600); err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	run := c.command(t.Context(), "scenario-runner", "run", "--kubeconfig", c.kubeconfig, file)
	run.Stdout, run.Stderr = &said, &said
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	injected := eventually(t.Context(), injectionTime, func() bool { return c.injected(t) })
	_ = run.Process.Kill()
	_ = run.Wait() // it was killed
	if !injected {
		t.Fatalf("no fault after %s\n%s", injectionTime, said.String())
	}
	if left := strings.Join(c.objects(t), "\n"); !strings.Contains(left, "ChaosEngine "+outliving) {
		t.Fatalf("there is nothing to clean up:\n%s", left)
	}
}

// deployed deploys a manifest of the stories into a namespace of its own, and returns what removes both.
func (c *cluster) deployed(t *testing.T, name, file string) (remove func()) {
	t.Helper()
	namespace := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": name}}}
	if _, err := c.core("namespaces").Create(t.Context(), namespace, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(filepath.Join(c.root, "scenarios", "real", "manifests", file))
	if err != nil {
		t.Fatal(err)
	}
	for _, object := range manifests(t, content) {
		if _, err := c.resource(t, object).Namespace(name).Create(t.Context(), object, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	return func() {
		if err := c.core("namespaces").Delete(context.WithoutCancel(t.Context()), name, metav1.DeleteOptions{}); err != nil {
			t.Error(err)
		}
	}
}

// readyPods waits until so many pods are ready, and none is not, and returns their identities.
func (c *cluster) readyPods(t *testing.T, number int) map[string]string {
	t.Helper()
	ready := map[string]string{}
	if !eventually(t.Context(), runningTime, func() bool {
		pods, err := c.core("pods").Namespace(outliving).List(t.Context(), metav1.ListOptions{LabelSelector: "app=web"})
		if err != nil {
			t.Fatal(err)
		}
		clear(ready)
		for _, pod := range pods.Items {
			conditions, _, _ := unstructured.NestedSlice(pod.Object, "status", "conditions")
			for _, entry := range conditions {
				if condition, ok := entry.(map[string]any); ok && condition["type"] == "Ready" && condition["status"] == "True" {
					ready[pod.GetName()] = string(pod.GetUID())
				}
			}
		}
		return len(ready) == number && len(pods.Items) == number
	}) {
		t.Fatalf("after %s the ready pods are %v, expected %d", runningTime, ready, number)
	}
	return ready
}
