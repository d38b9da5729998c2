package injectchaos_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/engine/steptest"
	"github.com/scenario-runner/scenario-runner/steps/injectchaos"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/kubetest"
	"github.com/scenario-runner/scenario-runner/steps/kube/ready"
)

// lab is a scenario with a host that knows the undos of chaos.
type lab struct {
	*kubetest.Cluster
	t   *testing.T
	ctx context.Context //nolint:containedctx // the life of one test, so that nothing in it hangs
}

func newLab(t *testing.T) *lab {
	t.Helper()
	c := kubetest.New(t)
	c.Host = steptest.NewHost(t, slices.Concat(kubetest.WithoutNamespaceWait(c.Env.Undos()), injectchaos.Undos(c.Env))...)
	run := *c.Run
	run.Host = c.Host
	c.Run = &run
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return &lab{c, t, ctx}
}

func (l *lab) inject(body string) (map[string]any, error) {
	l.t.Helper()
	return steptest.Use{Definition: injectchaos.New(l.Env), Run: l.Run}.Do(l.ctx, l.t, body)
}

// must injects and expects success.
func (l *lab) must(body string) map[string]any {
	l.t.Helper()
	out, err := l.inject(body)
	if err != nil {
		l.t.Fatalf("%v\n%v", err, l.Host.Seen())
	}
	if out["verdict"] != "Pass" || out["driver"] != "builtin" || out["took"].(time.Duration) <= 0 || out["provedAfter"].(time.Duration) <= 0 {
		l.t.Errorf("outputs are %v", out)
	}
	return out
}

func (l *lab) get(ref string) *unstructured.Unstructured {
	l.t.Helper()
	parsed, err := kube.ParseRef(ref)
	if err != nil {
		l.t.Fatal(err)
	}
	object, err := l.Target.Get(l.ctx, parsed)
	if err != nil {
		l.t.Fatal(err)
	}
	return object
}

// until waits for a condition of an object.
func (l *lab) until(ref string, condition func(*unstructured.Unstructured) bool) {
	l.t.Helper()
	parsed, err := kube.ParseRef(ref)
	if err != nil {
		l.t.Fatal(err)
	}
	err = l.Target.WatchRef(l.ctx, parsed, func(shot kube.Snapshot) (bool, error) { return condition(shot.Object), nil })
	if err != nil {
		l.t.Fatal(err)
	}
}

func isReady(object *unstructured.Unstructured) bool { return ready.Of(object).Ready }

// own returns what an author sees as the object: without what servers and controllers note down.
func own(object *unstructured.Unstructured) map[string]any {
	out := object.DeepCopy()
	for _, field := range []string{"resourceVersion", "generation", "managedFields"} {
		unstructured.RemoveNestedField(out.Object, "metadata", field)
	}
	unstructured.RemoveNestedField(out.Object, "metadata", "annotations", "deployment.kubernetes.io/revision")
	unstructured.RemoveNestedField(out.Object, "metadata", "annotations", "deprecated.daemonset.template.generation")
	unstructured.RemoveNestedField(out.Object, "status")
	return out.Object
}

func workload(kind, name string, replicas int) string {
	spec := fmt.Sprintf("replicas: %d", replicas)
	if kind == "DaemonSet" {
		spec = "minReadySeconds: 0"
	}
	return fmt.Sprintf(`
apiVersion: apps/v1
kind: %s
metadata: {name: %s, labels: {app: %s, tier: backend}}
spec:
  %s
  selector: {matchLabels: {app: %s}}
  template:
    metadata: {labels: {app: %s}}
    spec:
      containers:
      - {name: app, image: "registry.example/app:1"}
      - {name: proxy, image: "registry.example:5000/proxy@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"}
`, kind, name, name, spec, name, name)
}

// deploy applies a workload and waits until it is ready.
func (l *lab) deploy(kind, name string, replicas int) *unstructured.Unstructured {
	l.t.Helper()
	l.Apply(l.t, workload(kind, name, replicas))
	l.until(kind+"/"+name, isReady)
	return l.get(kind + "/" + name)
}

func (l *lab) pods() []string {
	l.t.Helper()
	pods, err := l.Target.List(l.ctx, kube.Ref{Kind: "pods"})
	if err != nil {
		l.t.Fatal(err)
	}
	var names []string
	for _, pod := range pods {
		if pod.GetDeletionTimestamp() == nil {
			names = append(names, pod.GetName())
		}
	}
	return names
}

func targets(out map[string]any) []string {
	var names []string
	for _, target := range out["targets"].([]any) {
		object := target.(map[string]any)
		names = append(names, object["kind"].(string)+"/"+object["name"].(string))
	}
	return names
}

func TestScaleToZero(t *testing.T) {
	for _, kind := range []string{"Deployment", "StatefulSet", "ReplicaSet"} {
		t.Run(kind, func(t *testing.T) {
			l := newLab(t)
			before := l.deploy(kind, "web", 3)
			out := l.must("experiment: scale-to-zero\ntarget: " + kind + "/web")
			if diff := cmp.Diff([]string{kind + "/web"}, targets(out)); diff != "" || out["hit"] != 1 {
				t.Errorf("%v %s", out, diff)
			}
			if pods := l.pods(); len(pods) != 0 {
				t.Errorf("when the step ends there are %v", pods)
			}
			if diff := cmp.Diff([]string{"take the fault back from " + kind + " web in namespace " + l.Target.Namespace}, l.Host.Open()); diff != "" {
				t.Error(diff)
			}
			if err := l.Host.Close(); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(own(before), own(l.get(kind+"/web"))); diff != "" {
				t.Errorf("the undo is not exact: %s", diff)
			}
		})
	}
}

func TestFaultEndsAfterItsDuration(t *testing.T) {
	l := newLab(t)
	l.deploy("Deployment", "web", 2)
	l.deploy("Deployment", "api", 1)
	l.Apply(t, strings.Replace(workload("Deployment", "idle", 0), "tier: backend", "tier: backend", 1))
	out := l.must("experiment: scale-to-zero\ntarget: {kind: Deployment, labels: {tier: backend}}\nduration: 200ms")
	if diff := cmp.Diff([]string{"Deployment/api", "Deployment/web"}, targets(out)); diff != "" || out["hit"] != 2 || out["goneAfter"].(time.Duration) <= 0 {
		t.Errorf("%v %s", out, diff)
	}
	if out["took"].(time.Duration) < 200*time.Millisecond {
		t.Errorf("the step took %v", out["took"])
	}
	for _, name := range []string{"deployment/web", "deployment/api"} {
		if !isReady(l.get(name)) {
			t.Errorf("%s is not ready when the step ends", name)
		}
	}
	if open := l.Host.Open(); len(open) != 0 {
		t.Errorf("the ledger still has %v", open)
	}
}

func TestFaultIsLeftToTheSystemUnderTest(t *testing.T) {
	l := newLab(t)
	l.deploy("Deployment", "web", 2)
	l.must("experiment: scale-to-zero\ntarget: deployment/web\nduration: 50ms\nrecover: false")
	if open := l.Host.Open(); len(open) != 1 {
		t.Errorf("the ledger has %v", open)
	}
	if _, err := l.Target.Scale(l.ctx, kube.Ref{Kind: "deployment", Name: "web"}, 5, kube.Change{}); err != nil {
		t.Fatal(err)
	}
	if err := l.Host.Close(); err != nil {
		t.Fatal(err)
	}
	if n, _, _ := unstructured.NestedInt64(l.get("deployment/web").Object, "spec", "replicas"); n != 5 {
		t.Errorf("the undo broke the repair: %d replicas", n)
	}
}

func TestUndoLeavesAnotherObjectOfTheNameAlone(t *testing.T) {
	l := newLab(t)
	l.Apply(t, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {mode: slow}\n")
	l.must("experiment: config-corruption\ntarget: configmap/settings\nparameters: {value: bad}")
	if _, err := l.Target.Delete(l.ctx, kube.Ref{Kind: "configmap", Name: "settings"}, kube.Deletion{}); err != nil {
		t.Fatal(err)
	}
	l.Apply(t, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {mode: bad}\n")
	if err := l.Host.Close(); err != nil {
		t.Fatal(err)
	}
	if data := l.get("configmap/settings").Object["data"].(map[string]any)["mode"]; data != "bad" {
		t.Errorf("mode is %v", data)
	}
}

func TestImagePullFailure(t *testing.T) {
	for _, kind := range []string{"Deployment", "StatefulSet", "DaemonSet"} {
		t.Run(kind, func(t *testing.T) {
			l := newLab(t)
			before := l.deploy(kind, "web", 2)
			l.must("experiment: image-pull-failure\ntarget: " + kind + "/web\nparameters: {container: proxy}")
			containers, _, _ := unstructured.NestedSlice(l.get(kind+"/web").Object, "spec", "template", "spec", "containers")
			if image := containers[1].(map[string]any)["image"]; image != "registry.example:5000/proxy:does-not-exist" {
				t.Errorf("the image is %v", image)
			}
			if err := l.Host.Close(); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(own(before), own(l.get(kind+"/web"))); diff != "" {
				t.Errorf("the undo is not exact: %s", diff)
			}
			l.until(kind+"/web", isReady)
		})
	}
}

func TestImagePullFailureHeals(t *testing.T) {
	l := newLab(t)
	l.deploy("StatefulSet", "web", 2)
	out := l.must("experiment: image-pull-failure\ntarget: statefulset/web\nduration: 100ms")
	if out["goneAfter"].(time.Duration) <= 0 || !isReady(l.get("statefulset/web")) {
		t.Errorf("the workload is not ready again: %v", out)
	}
}

func TestConfigCorruption(t *testing.T) {
	l := newLab(t)
	before := l.Apply(t, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings, annotations: {a: b}}\ndata: {mode: slow, \"a.b-c_d\": \"\", level: low}\nbinaryData: {bin: AAEC}\n")
	out := l.must("experiment: config-corruption\ntarget: {name: settings}\nparameters: {key: mode, value: \"\"}")
	if diff := cmp.Diff([]string{"ConfigMap/settings"}, targets(out)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]any{"mode": "", "a.b-c_d": "", "level": "low"}, l.get("configmap/settings").Object["data"]); diff != "" {
		t.Error(diff)
	}
	l.must("experiment: config-corruption\ntarget: configmap/settings")
	if data := l.get("configmap/settings").Object["data"].(map[string]any); data["a.b-c_d"] != "corrupted by scenario-runner" || data["mode"] != "corrupted by scenario-runner" {
		t.Errorf("data is %v", data)
	}
	if err := l.Host.Close(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(own(before), own(l.get("configmap/settings"))); diff != "" {
		t.Errorf("the undo of two faults is not exact: %s", diff)
	}
}

func TestNodeNotReady(t *testing.T) {
	l := newLab(t)
	up := func(node *unstructured.Unstructured) bool { return nodeStatus(node) == "True" }
	l.until("node/sandbox-1", up)
	before := l.get("node/sandbox-1")
	out := l.must("experiment: node-not-ready\ntarget: node/sandbox-1")
	if diff := cmp.Diff([]string{"Node/sandbox-1"}, targets(out)); diff != "" {
		t.Error(diff)
	}
	if status := nodeStatus(l.get("node/sandbox-1")); status != "False" {
		t.Errorf("the node is %s", status)
	}
	_, err := l.inject("experiment: node-not-ready\ntarget: {name: sandbox-1}")
	if want := "node-not-ready hit nothing: Node/sandbox-1 gives no simulated nodes that are ready"; err == nil || err.Error() != want || step.VerdictOf(err) != step.Inconclusive {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	if err := l.Host.Close(); err != nil {
		t.Fatal(err)
	}
	node := l.get("node/sandbox-1")
	if !up(node) {
		t.Error("the node is not ready after the undo")
	}
	if diff := cmp.Diff(before.GetAnnotations(), node.GetAnnotations()); diff != "" {
		t.Error(diff)
	}
	out = l.must("experiment: node-not-ready\ntarget: {name: sandbox-1}\nduration: 50ms\nparameters: {silent: true}")
	if out["goneAfter"].(time.Duration) <= 0 || !up(l.get("node/sandbox-1")) {
		t.Errorf("outputs are %v", out)
	}
}

func nodeStatus(node *unstructured.Unstructured) string {
	if node == nil {
		return ""
	}
	conditions, _, _ := unstructured.NestedSlice(node.Object, "status", "conditions")
	for _, c := range conditions {
		if entry := c.(map[string]any); entry["type"] == "Ready" {
			return entry["status"].(string)
		}
	}
	return ""
}

func TestRealNodesAreRefused(t *testing.T) {
	l := newLab(t)
	name := l.Target.Namespace
	l.Apply(t, "apiVersion: v1\nkind: Node\nmetadata: {name: "+name+"}\n")
	_, err := l.inject("experiment: node-not-ready\ntarget: node/" + name)
	want := "node " + name + " is a real node, and the builtin driver can make only the simulated nodes of a sandbox NotReady; run with --sandbox, or stop its kubelet with kubelet-service-kill of a driver that can"
	if err == nil || err.Error() != want || step.VerdictOf(err) != step.Errored {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}
