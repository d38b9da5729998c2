//go:build e2e

package endtoend

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/remotecommand"

	"github.com/scenario-runner/scenario-runner/internal/testparts"

	corev1 "k8s.io/api/core/v1"
)

// loadedNamespace holds a pod that outlives the runs that put a load into it.
const loadedNamespace = "outlives-the-load"

// loadStory puts a load into a container, for longer than the run lives.
const loadStory = `
apiVersion: scenario-runner/v1
kind: Scenario
metadata: {name: killed-under-load}
steps:
- id: fault
  namespace: outlives-the-load # as loadedNamespace above
  injectChaos: {experiment: EXPERIMENT, driver: builtin, target: deployment/shelly, parameters: PARAMETERS, duration: 10m}
  timeout: 11m
- assert: steps.fault.proof == "observed"
`

// autoStory leaves it to the runner who keeps a container busy that has no shell.
const autoStory = `
apiVersion: scenario-runner/v1
kind: Scenario
metadata: {name: no-shell-to-be-had}
steps:
- deploy: {manifests: [checkout.yaml], waitReady: true}
  timeout: 60s
- id: alone
  continueOnError: true
  injectChaos: {experiment: pod-cpu-hog, driver: builtin, target: deployment/checkout, duration: 2s}
  timeout: 60s
- id: helped
  injectChaos:
    experiment: pod-cpu-hog
    driver: auto
    target: deployment/checkout
    duration: 5s
    litmus: {image: "localhost/go-runner:1", socketPath: /run/containerd/containerd.sock}
  timeout: 3m
- assert: [steps.alone.hit == 0, steps.helped.driver == "litmus", steps.helped.verdict == "Pass"]
`

// TestLoads holds the builtin driver to what a user is told of it, where containers are real.
func TestLoads(t *testing.T) {
	c := newCluster(t)
	c.defineLitmus(t)
	testparts.ChaosOperator(t, c.kubeconfig)
	before := c.objects(t)
	t.Run("killed run", c.killedLoad)
	t.Run("no shell", c.noShell)
	c.untilObjects(t, before)
}

// killedLoad kills the runner while a load of its own runs in a container, and lets cleanup end it: no process and no file
// of it may be left there, and the container must not have been restarted for that.
func (c *cluster) killedLoad(t *testing.T) {
	defer c.deployed(t, loadedNamespace, "shelly.yaml")()
	pod := c.shellyPod(t)
	for _, tt := range []struct{ experiment, parameters string }{
		{"pod-cpu-hog", "{cores: 1}"},
		{"pod-memory-hog", "{megabytes: 30}"},
		{"disk-fill", "{fill: 50}"},
		{"pod-io-stress", "{workers: 2, fill: 1}"},
	} {
		t.Run(tt.experiment, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "load.scenario.yaml")
			story := strings.NewReplacer("EXPERIMENT", tt.experiment, "PARAMETERS", tt.parameters).Replace(loadStory)
			if err := os.WriteFile(file, []byte(story), 0o600); err != nil {
				t.Fatal(err)
			}
			var said bytes.Buffer
			run := c.command(t.Context(), "scenario-runner", "run", "--kubeconfig", c.kubeconfig, file)
			run.Stdout, run.Stderr = &said, &said
			if err := run.Start(); err != nil {
				t.Fatal(err)
			}
			loaded := eventually(t.Context(), runningTime, func() bool { return strings.Contains(c.inside(t, pod), "scenario-runner-chaos-") })
			_ = run.Process.Kill()
			_ = run.Wait() // it was killed
			if !loaded {
				t.Fatalf("no load after %s\n%s", runningTime, said.String())
			}
			if !strings.Contains(c.inside(t, pod), "scenario-runner-chaos-") {
				t.Fatal("the load ended with the runner, so there is nothing to clean up")
			}
			start := time.Now()
			if said, err := c.command(t.Context(), "scenario-runner", "cleanup", "--all").CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, said)
			}
			t.Logf("cleanup took %s", time.Since(start).Round(100*time.Millisecond))
			if left := c.inside(t, pod); strings.Contains(left, "scenario-runner") {
				t.Errorf("something is left in the container:\n%s", left)
			}
		})
	}
	if now := c.shellyPod(t); now.GetUID() != pod.GetUID() || restarts(now) != 0 {
		t.Errorf("the pod is %s with %d restarts, expected %s without any", now.GetName(), restarts(now), pod.GetName())
	}
}

// noShell meets a container without a shell: the builtin driver says so, and auto goes on to LitmusChaos.
func (c *cluster) noShell(t *testing.T) {
	folder := t.TempDir()
	manifest, err := os.ReadFile(filepath.Join(c.root, "scenarios", "real", "manifests", "checkout.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{"checkout.yaml": string(manifest), "auto.scenario.yaml": autoStory} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	said, err := c.command(t.Context(), "scenario-runner", "run", "--kubeconfig", c.kubeconfig, filepath.Join(folder, "auto.scenario.yaml")).CombinedOutput()
	if want := "has no shell to do pod-cpu-hog with; use driver: litmus"; err != nil || !strings.Contains(string(said), want) {
		t.Errorf("%v, expected to be told %q\n%s", err, want, said)
	}
}

// shellyPod returns the pod with the shell when it runs.
func (c *cluster) shellyPod(t *testing.T) unstructured.Unstructured {
	t.Helper()
	var pod unstructured.Unstructured
	if !eventually(t.Context(), runningTime, func() bool {
		pods, err := c.core("pods").Namespace(loadedNamespace).List(t.Context(), metav1.ListOptions{LabelSelector: "app=shelly"})
		if err != nil {
			t.Fatal(err)
		}
		if len(pods.Items) != 1 {
			return false
		}
		pod = pods.Items[0]
		phase, _, _ := unstructured.NestedString(pod.Object, "status", "phase")
		return phase == "Running"
	}) {
		t.Fatalf("no pod runs after %s", runningTime)
	}
	return pod
}

func restarts(pod unstructured.Unstructured) int64 {
	statuses, _, _ := unstructured.NestedSlice(pod.Object, "status", "containerStatuses")
	var number int64
	for _, entry := range statuses {
		count, _, _ := unstructured.NestedInt64(entry.(map[string]any), "restartCount")
		number += count
	}
	return number
}

// inside lists the processes of a container and the files in its folders for temporary ones.
func (c *cluster) inside(t *testing.T, pod unstructured.Unstructured) string {
	t.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", c.kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		t.Fatal(err)
	}
	set, err := kubernetes.NewForConfigAndClient(config, client)
	if err != nil {
		t.Fatal(err)
	}
	address := set.CoreV1().RESTClient().Get().Resource("pods").Namespace(pod.GetNamespace()).Name(pod.GetName()).SubResource("exec").
		VersionedParams(&corev1.PodExecOptions{
			Command: []string{"sh", "-c", `m=/proc; cat $m/[0-9]*/cmdline; ls -a /tmp /dev/shm`}, Stdout: true, Stderr: true,
		}, scheme.ParameterCodec).URL()
	executor, err := remotecommand.NewWebSocketExecutor(config, "GET", address.String())
	if err != nil {
		t.Fatal(err)
	}
	var out, complaints bytes.Buffer
	if err := executor.StreamWithContext(t.Context(), remotecommand.StreamOptions{Stdout: &out, Stderr: &complaints}); err != nil && out.Len() == 0 {
		t.Fatalf("look into %s: %v %s", pod.GetName(), err, complaints.String())
	}
	return strings.ReplaceAll(out.String(), "\x00", " ")
}
