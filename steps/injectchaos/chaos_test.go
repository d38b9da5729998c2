package injectchaos_test

import (
	"context"
	"errors"
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

func TestPodDelete(t *testing.T) {
	l := newLab(t)
	l.deploy("Deployment", "web", 3)
	before := l.pods()
	out := l.must("experiment: pod-delete\ntarget: deployment/web")
	if diff := cmp.Diff([]string{"Pod/" + before[0]}, targets(out)); diff != "" || out["hit"] != 1 {
		t.Errorf("%v %s", out, diff)
	}
	if slices.Contains(l.pods(), before[0]) {
		t.Error("the pod is still there when the step ends")
	}
	if want := "pod-delete hits 1 of 3: Pod/" + before[0]; !slices.Contains(l.Host.Seen(), want) {
		t.Errorf("%q was not shown before: %v", want, l.Host.Seen())
	}
	if open := l.Host.Open(); len(open) != 0 {
		t.Errorf("the ledger has %v, but a controlled pod needs nothing", open)
	}
	l.until("deployment/web", isReady)
	out = l.must("experiment: pod-delete\ntarget: {kind: Pod, labels: {app: web}, percent: 50}\nparameters: {gracePeriod: 0s}")
	if len(targets(out)) != 2 {
		t.Errorf("50 %% of 3 are %v", targets(out))
	}
}

func TestPodDeleteAgainAndAgain(t *testing.T) {
	l := newLab(t)
	l.deploy("Deployment", "web", 2)
	out := l.must("experiment: pod-delete\ntarget: {kind: Deployment, name: web, count: 2}\nduration: 700ms\ninterval: 300ms")
	if out["hit"].(int) < 4 || out["goneAfter"].(time.Duration) <= 0 {
		t.Errorf("outputs are %v", out)
	}
	if !isReady(l.get("deployment/web")) {
		t.Error("the workload is not ready again when the step ends")
	}
}

func TestPodDeleteOfAService(t *testing.T) {
	l := newLab(t)
	l.deploy("StatefulSet", "db", 1)
	l.Apply(t, "apiVersion: v1\nkind: Service\nmetadata: {name: db}\nspec: {selector: {app: db}, ports: [{port: 5432}]}\n")
	out := l.must("experiment: pod-delete\ntarget: service/db\nduration: 100ms")
	if diff := cmp.Diff([]string{"Pod/db-0"}, targets(out)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"db-0"}, l.pods()); diff != "" {
		t.Error(diff)
	}
}

func TestBarePodComesBackElsewhere(t *testing.T) {
	l := newLab(t)
	other := l.Target.Namespace + "-other"
	l.Apply(t, "apiVersion: v1\nkind: Namespace\nmetadata: {name: "+other+"}\n")
	place := l.Target.In(other)
	if _, err := place.Apply(l.ctx, kubetest.Object(t, "apiVersion: v1\nkind: Pod\nmetadata: {name: bare, labels: {a: b}}\nspec: {containers: [{name: app, image: a}]}\n"), kube.Change{Keep: true}); err != nil {
		t.Fatal(err)
	}
	out := l.must("experiment: pod-delete\ntarget: {kind: Pod, name: bare, namespace: " + other + "}\nduration: 50ms")
	if diff := cmp.Diff([]string{"Pod/bare"}, targets(out)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"create again pod bare in namespace " + other}, l.Host.Open()); diff != "" {
		t.Error(diff)
	}
	if err := l.Host.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := place.Get(l.ctx, kube.Ref{Kind: "pod", Name: "bare"})
	if err != nil || again.GetLabels()["a"] != "b" {
		t.Errorf("the pod did not come back: %v, %v", again, err)
	}
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

func TestVerdicts(t *testing.T) {
	l := newLab(t)
	l.deploy("Deployment", "web", 1)
	l.Apply(t, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: empty}\n")
	l.Apply(t, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {mode: slow}\n")
	in := " in namespace " + l.Target.Namespace
	tests := []struct {
		name, body string
		verdict    step.Verdict
		want       string
	}{
		{"no such workload", "experiment: pod-delete\ntarget: deployment/nothing", step.Inconclusive, "pod-delete hit nothing: deployment/nothing" + in + " gives no living pods"},
		{"no match", "experiment: scale-to-zero\ntarget: {kind: Deployment, labels: {a: b}}", step.Inconclusive, "scale-to-zero hit nothing: Deployment[a=b]" + in + " gives no workloads that have replicas"},
		{"no pods", "experiment: pod-delete\ntarget: configmap/settings", step.Errored, "ConfigMap/settings has no pods of its own: it has no spec.selector"},
		{"no scale", "experiment: scale-to-zero\ntarget: configmap/settings", step.Errored, "ConfigMap can't be scaled: the kind has no scale subresource"},
		{"wrong kind", "experiment: config-corruption\ntarget: deployment/web", step.Errored, "config-corruption hits a ConfigMap, not a Deployment"},
		{"not a node", "experiment: node-not-ready\ntarget: deployment/web", step.Errored, "node-not-ready hits nodes, not Deployment"},
		{"no image", "experiment: image-pull-failure\ntarget: pods", step.Errored, "image-pull-failure hits a Deployment, StatefulSet or DaemonSet, not a Pod"},
		{"no container", "experiment: image-pull-failure\ntarget: deployment/web\nparameters: {container: ap}", step.Errored, `Deployment/web has no container "ap"; did you mean "app"?`},
		{"same tag", "experiment: image-pull-failure\ntarget: deployment/web\nparameters: {tag: \"1\"}", step.Errored, `container "app" of Deployment/web has the image "registry.example/app:1" already; give another tag`},
		{"no data", "experiment: config-corruption\ntarget: configmap/empty", step.Errored, "ConfigMap/empty holds no data to corrupt"},
		{"no key", "experiment: config-corruption\ntarget: configmap/settings\nparameters: {key: mdoe}", step.Errored, `ConfigMap/settings has no key "mdoe"; did you mean "mode"?`},
		{"unknown kind", "experiment: pod-delete\ntarget: deploymnt/web", step.Errored, `the server has no kind "deploymnt"; did you mean "deployment"?`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			out, err := l.inject(tt.body)
			if err == nil || step.VerdictOf(err) != tt.verdict || err.Error() != tt.want {
				t.Errorf("got  %v (%s)\nwant %s (%s)", err, step.VerdictOf(err), tt.want, tt.verdict)
			}
			if out["verdict"] != "Awaited" || out["hit"] != 0 {
				t.Errorf("outputs are %v", out)
			}
		})
	}
	if open := l.Host.Open(); len(open) != 0 {
		t.Errorf("the ledger has %v although nothing was hit", open)
	}
}

func TestProtectedNamespaceIsRefused(t *testing.T) {
	l := newLab(t)
	run := *l.Run
	run.Namespace = "kube-system"
	_, err := steptest.Use{Definition: injectchaos.New(l.Env), Run: &run}.Do(l.ctx, t, "experiment: pod-delete\ntarget: deployment/coredns")
	want := `namespace "kube-system" is protected from chaos, as are all of kube-* and openshift-*; choose a target elsewhere`
	if err == nil || err.Error() != want || step.VerdictOf(err) != step.Errored {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestUnprovedFaultIsInconclusive(t *testing.T) {
	l := newLab(t)
	before := l.deploy("Deployment", "web", 1)
	if _, err := l.Target.Patch(l.ctx, kube.Ref{Kind: "deployment", Name: "web"}, kube.Patch{Body: map[string]any{"spec": map[string]any{"paused": true}}}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(l.ctx, time.Second)
	defer cancel()
	out, err := steptest.Use{Definition: injectchaos.New(l.Env), Run: l.Run}.Do(ctx, t, "experiment: image-pull-failure\ntarget: deployment/web")
	failure, ok := errors.AsType[*step.Failure](err)
	want := "the fault was never seen: no pod of Deployment/web with the image registry.example/app:does-not-exist yet"
	if !ok || failure.Verdict != step.Inconclusive || failure.Message != want {
		t.Fatalf("got  %v\nwant %s", err, want)
	}
	if out["verdict"] != "Fail" || out["hit"] != 1 || failure.Facts[0] != (step.Fact{Name: "experiment", Value: "image-pull-failure"}) {
		t.Errorf("outputs %v, facts %v", out, failure.Facts)
	}
	if err := l.Host.Close(); err != nil {
		t.Fatal(err)
	}
	after := own(l.get("deployment/web"))
	delete(after["spec"].(map[string]any), "paused")
	if diff := cmp.Diff(own(before), after); diff != "" {
		t.Errorf("the fault that was not proved was not taken back: %s", diff)
	}
}

func TestEffectThatStaysIsAFailure(t *testing.T) {
	l := newLab(t)
	l.deploy("Deployment", "web", 1)
	l.Host.OnProgress = func(text string) {
		if strings.HasPrefix(text, "scale-to-zero holds") {
			l.Apply(t, "apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: none}\nspec: {hard: {pods: \"0\"}}\n")
			l.until("resourcequota/none", func(object *unstructured.Unstructured) bool {
				_, found, _ := unstructured.NestedMap(object.Object, "status", "hard")
				return found
			})
		}
	}
	ctx, cancel := context.WithTimeout(l.ctx, 4*time.Second)
	defer cancel()
	out, err := steptest.Use{Definition: injectchaos.New(l.Env), Run: l.Run}.Do(ctx, t, "experiment: scale-to-zero\ntarget: deployment/web\nduration: 50ms")
	if step.VerdictOf(err) != step.Failed || !strings.HasPrefix(err.Error(), "scale-to-zero is over but its effect did not go away: Deployment/web is not ready again: ") || out["verdict"] != "Fail" {
		t.Errorf("got %v, %v", err, out)
	}
}

func TestCancellationLeavesTheUndoToTheLedger(t *testing.T) {
	l := newLab(t)
	before := l.deploy("Deployment", "web", 1)
	ctx, cancel := context.WithCancel(l.ctx)
	l.Host.OnProgress = func(text string) {
		if strings.HasPrefix(text, "scale-to-zero holds") {
			cancel()
		}
	}
	_, err := steptest.Use{Definition: injectchaos.New(l.Env), Run: l.Run}.Do(ctx, t, "experiment: scale-to-zero\ntarget: deployment/web\nduration: 1m")
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v", err)
	}
	if err := l.Host.Close(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(own(before), own(l.get("deployment/web"))); diff != "" {
		t.Error(diff)
	}
}

func TestDurationMustFitIntoTheTimeout(t *testing.T) {
	l := newLab(t)
	run := *l.Run
	run.Timeout = time.Minute
	_, err := steptest.Use{Definition: injectchaos.New(l.Env), Run: &run}.Do(l.ctx, t, "experiment: pod-delete\ntarget: deployment/web\nduration: 1m")
	if want := "a duration of 1m0s does not fit into the step's timeout of 1m0s; give the step a longer timeout"; err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}
