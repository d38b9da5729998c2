package node_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/engine/steptest"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/kubetest"
	"github.com/scenario-runner/scenario-runner/steps/node"
	"github.com/scenario-runner/scenario-runner/steps/settings"
)

// answer is a refusal of the API server.
func answer(w http.ResponseWriter, code int, reason, message string) bool {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	fmt.Fprintf(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","message":%q,"reason":%q,"code":%d}`, message, reason, code)
	return true
}

// faulty is a lab behind a proxy that answers what refuse says it does.
func faulty(t *testing.T, refuse func(http.ResponseWriter, *http.Request) bool) *lab {
	t.Helper()
	l := newLab(t, "")
	proxy := kubetest.NewProxy(t, l.Kubeconfig, refuse, nil)
	env := kube.NewEnv(kube.Options{Kubeconfig: proxy.Kubeconfig})
	t.Cleanup(env.Close)
	run := *l.use.Run
	run.Scenario.Owned = false // the namespace is there already
	l.host = steptest.NewHost(t, append(env.Undos(), node.Undos(env)...)...)
	run.Host = l.host
	l.use = steptest.Use{Definition: node.New(env), Run: &run}
	return l
}

func TestWhoMayNotIsTold(t *testing.T) {
	l := faulty(t, func(w http.ResponseWriter, r *http.Request) bool {
		return r.Method == http.MethodPatch && answer(w, http.StatusForbidden, "Forbidden", "nodes is forbidden: User dev cannot patch")
	})
	_, err := l.do(t, "action: cordon\nname: NODE")
	want := "cordon node " + l.name + ": patch Node " + l.name + ": nodes is forbidden: User dev cannot patch"
	if err == nil || err.Error() != want || step.VerdictOf(err) != step.Errored {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	if open := l.host.Open(); len(open) != 0 {
		t.Errorf("a change that was refused is in the ledger: %v", open)
	}
}

func TestAnswerThatIsLostIsMadeUpFor(t *testing.T) {
	l := newLab(t, "")
	lost := false
	proxy := kubetest.NewProxy(t, l.Kubeconfig, nil, func(r *http.Request) bool {
		first := r.Method == http.MethodPatch && !lost
		lost = lost || first
		return first
	})
	env := kube.NewEnv(kube.Options{Kubeconfig: proxy.Kubeconfig})
	defer env.Close()
	run := *l.use.Run
	run.Scenario.Owned = false
	host := steptest.NewHost(t, node.Undos(env)...)
	run.Host = host
	out, err := steptest.Use{Definition: node.New(env), Run: &run}.Do(t.Context(), t, "action: cordon\nname: "+l.name)
	if err != nil || len(out["changed"].([]any)) != 1 {
		t.Fatalf("%v, %v", out, err)
	}
	if err := host.Close(); err != nil {
		t.Fatal(err)
	}
	if spec, _ := l.node(t); spec.Unschedulable {
		t.Error("the change whose answer was lost was not taken back")
	}
}

func TestServerThatIsGoneMidDrainIsNoFailure(t *testing.T) {
	l := faulty(t, func(w http.ResponseWriter, r *http.Request) bool {
		return strings.HasSuffix(r.URL.Path, "/eviction") && answer(w, http.StatusServiceUnavailable, "ServiceUnavailable", "the server is going down")
	})
	l.workload(t, "Deployment", "web", "")
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	_, err := l.use.Do(ctx, t, "action: drain\nselector: lab="+l.Target.Namespace)
	want := "the server did not answer while draining " + l.name + ", " + l.Target.Namespace + "-b, so it is not known what is still there: "
	if err == nil || !strings.HasPrefix(err.Error(), want) || !strings.HasSuffix(err.Error(), ": the server is going down") || step.VerdictOf(err) != step.Errored {
		t.Errorf("got %v", err)
	}
}

// lab is a scenario with nodes of its own, on which nobody else's pods run.
type lab struct {
	*kubetest.Cluster
	host *steptest.Host
	use  steptest.Use
	name string // of the first node; the second one is name-b
}

// newLab makes simulated nodes that only pods of the lab tolerate.
func newLab(t *testing.T, change string) *lab {
	t.Helper()
	c := kubetest.New(t)
	l := &lab{Cluster: c, name: c.Target.Namespace + "-a"}
	for _, name := range []string{l.name, c.Target.Namespace + "-b"} {
		manifest := "apiVersion: v1\nkind: Node\nmetadata: {name: " + name + ", labels: {lab: " + c.Target.Namespace + ", disk: hdd}, annotations: {kwok.x-k8s.io/node: fake}}\n" +
			"spec: {taints: [{key: lab, value: own, effect: NoSchedule}]" + change + "}\n"
		c.Apply(t, manifest)
		c.Until(t, "node/"+name, func(o *unstructured.Unstructured) bool {
			return o != nil && strings.Contains(fmt.Sprint(o.Object["status"]), "KubeletReady")
		})
	}
	l.host = steptest.NewHost(t, append(kubetest.WithoutNamespaceWait(c.Env.Undos()), node.Undos(c.Env)...)...)
	run := *c.Run
	run.Host = l.host
	l.use = steptest.Use{Definition: node.New(c.Env), Run: &run}
	return l
}

// node reads what matters of the first node, without what the cluster's own controllers add.
func (l *lab) node(t *testing.T) (spec corev1.NodeSpec, labels map[string]string) {
	t.Helper()
	object, err := l.Target.Get(t.Context(), kube.Ref{Kind: "node", Name: l.name})
	if err != nil {
		t.Fatal(err)
	}
	var n corev1.Node
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &n); err != nil {
		t.Fatal(err)
	}
	var own []corev1.Taint
	for _, taint := range n.Spec.Taints {
		if !strings.HasPrefix(taint.Key, "node.kubernetes.io/") {
			taint.TimeAdded = nil
			own = append(own, taint)
		}
	}
	labels = map[string]string{}
	for key, value := range n.Labels {
		if !strings.Contains(key, "kubernetes.io/") && !strings.Contains(key, "scenario-runner") {
			labels[key] = value
		}
	}
	return corev1.NodeSpec{Unschedulable: n.Spec.Unschedulable, Taints: own}, labels
}

// pods runs a workload of the lab on the first node and waits until its pods run.
func (l *lab) workload(t *testing.T, kind, name, extra string) {
	t.Helper()
	l.Apply(t, `
apiVersion: apps/v1
kind: `+kind+`
metadata: {name: `+name+`}
spec:
  selector: {matchLabels: {app: `+name+`}}
  template:
    metadata: {labels: {app: `+name+`}}
    spec: {containers: [{name: app, image: "registry.example/app:1"}], nodeSelector: {lab: `+l.Target.Namespace+`}, tolerations: [{key: lab, operator: Exists}]`+extra+`}
`)
	l.Until(t, strings.ToLower(kind)+"/"+name, func(o *unstructured.Unstructured) bool {
		ready, _, _ := unstructured.NestedInt64(o.Object, "status", "readyReplicas")
		daemons, _, _ := unstructured.NestedInt64(o.Object, "status", "numberReady")
		return ready+daemons > 0
	})
}

func (l *lab) do(t *testing.T, body string) (map[string]any, error) {
	t.Helper()
	return l.use.Do(t.Context(), t, strings.ReplaceAll(body, "NODE", l.name))
}

func TestActionsAndTheirUndo(t *testing.T) {
	own := corev1.Taint{Key: "lab", Value: "own", Effect: "NoSchedule"}
	dedicated := corev1.Taint{Key: "dedicated", Value: "db", Effect: "PreferNoSchedule"}
	tests := []struct {
		name, prior, body string
		spec              corev1.NodeSpec
		disk              string
		changed           bool
	}{
		{"cordon", "", "action: cordon\nname: NODE", corev1.NodeSpec{Unschedulable: true, Taints: []corev1.Taint{own}}, "hdd", true},
		{"cordon again", ", unschedulable: true", "action: cordon\nname: NODE", corev1.NodeSpec{Unschedulable: true, Taints: []corev1.Taint{own}}, "hdd", false},
		{"uncordon", ", unschedulable: true", "action: uncordon\nname: NODE", corev1.NodeSpec{Taints: []corev1.Taint{own}}, "hdd", true},
		{"taint", "", "action: taint\nname: NODE\ntaints: [\"dedicated=db:PreferNoSchedule\"]", corev1.NodeSpec{Taints: []corev1.Taint{own, dedicated}}, "hdd", true},
		{"taint with another value", "", "action: taint\nname: NODE\ntaints: {key: lab, value: new, effect: NoSchedule}", corev1.NodeSpec{Taints: []corev1.Taint{{Key: "lab", Value: "new", Effect: "NoSchedule"}}}, "hdd", true},
		{"taints removed and set", "", "action: taint\nname: NODE\nremove: [lab, absent]\ntaints: [\"dedicated=db:PreferNoSchedule\"]", corev1.NodeSpec{Taints: []corev1.Taint{dedicated}}, "hdd", true},
		{"last taint removed", "", "action: taint\nname: NODE\nremove: \"lab:NoSchedule\"", corev1.NodeSpec{}, "hdd", true},
		{"taint that is there", "", "action: taint\nname: NODE\ntaints: \"lab=own:NoSchedule\"", corev1.NodeSpec{Taints: []corev1.Taint{own}}, "hdd", false},
		{"label", "", "action: label\nname: NODE\nlabels: {disk: ssd, example.com/extra: \"1\"}", corev1.NodeSpec{Taints: []corev1.Taint{own}}, "ssd", true},
		{"label removed", "", "action: label\nname: NODE\nremove: disk", corev1.NodeSpec{Taints: []corev1.Taint{own}}, "", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t, tt.prior)
			before, labels := l.node(t)
			out, err := l.do(t, tt.body)
			if err != nil {
				t.Fatal(err)
			}
			spec, now := l.node(t)
			if diff := cmp.Diff(tt.spec, spec); diff != "" || now["disk"] != tt.disk {
				t.Errorf("labels %v, %s", now, diff)
			}
			if changed := len(out["changed"].([]any)) > 0; changed != tt.changed {
				t.Errorf("changed is %v", out["changed"])
			}
			if open := len(l.host.Open()) > 0; open != tt.changed {
				t.Errorf("the ledger has %v", l.host.Open())
			}
			if err := l.host.Close(); err != nil {
				t.Fatal(err)
			}
			after, labelsAfter := l.node(t)
			if diff := cmp.Diff(before, after) + cmp.Diff(labels, labelsAfter); diff != "" {
				t.Errorf("after the undo: %s", diff)
			}
		})
	}
}

func TestUndoLeavesWhatOthersChanged(t *testing.T) {
	l := newLab(t, "")
	if _, err := l.do(t, "action: taint\nname: NODE\ntaints: [\"a=1:NoSchedule\", \"b=1:NoSchedule\"]"); err != nil {
		t.Fatal(err)
	}
	if _, err := l.do(t, "action: label\nname: NODE\nlabels: {disk: ssd}"); err != nil {
		t.Fatal(err)
	}
	patch := map[string]any{"metadata": map[string]any{"labels": map[string]any{"disk": "nvme"}}, "spec": map[string]any{"taints": []any{
		map[string]any{"key": "a", "value": "2", "effect": "NoSchedule"}, map[string]any{"key": "b", "value": "1", "effect": "NoSchedule"},
	}}}
	if _, err := l.Target.Patch(t.Context(), kube.Ref{Kind: "node", Name: l.name}, kube.Patch{Change: kube.Change{Keep: true}, Body: patch}); err != nil {
		t.Fatal(err)
	}
	want := []string{"restore the taints of node " + l.name, "restore the labels of node " + l.name}
	if diff := cmp.Diff(want, l.host.Open()); diff != "" {
		t.Error(diff)
	}
	if err := l.host.Close(); err != nil {
		t.Fatal(err)
	}
	spec, labels := l.node(t)
	if diff := cmp.Diff([]corev1.Taint{{Key: "a", Value: "2", Effect: "NoSchedule"}}, spec.Taints); diff != "" || labels["disk"] != "nvme" {
		t.Errorf("labels %v, %s", labels, diff)
	}
}

func TestSelectors(t *testing.T) {
	l := newLab(t, "")
	out, err := l.do(t, "action: cordon\nselector: lab="+l.Target.Namespace+"\ncount: 1\nundo: keep")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]any{l.name}, out["nodes"]); diff != "" {
		t.Error(diff)
	}
	if len(l.host.Open()) != 0 {
		t.Errorf("a change that is kept is in the ledger: %v", l.host.Open())
	}
	l.workload(t, "Deployment", "web", "") // only the second node takes its pod
	out, err = l.do(t, "action: label\nof: deployment/web\nlabels: {runs: web}")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]any{l.Target.Namespace + "-b"}, out["nodes"]); diff != "" {
		t.Error(diff)
	}
}

func TestVerdicts(t *testing.T) {
	l := newLab(t, "")
	l.Apply(t, "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: idle}\nspec: {replicas: 0, selector: {matchLabels: {app: idle}}, template: {metadata: {labels: {app: idle}}, spec: {containers: [{name: app, image: a}]}}}\n")
	place := l.Target.Namespace
	tests := []struct {
		name, body string
		verdict    step.Verdict
		want       string
	}{
		{"no such node", "action: cordon\nname: nowhere", step.Failed, "node nowhere does not exist"},
		{"no node matches", "action: cordon\nselector: lab=none", step.Inconclusive, "cordon hit nothing: no node has the labels lab=none"},
		{"no pods", "action: drain\nof: deployment/idle", step.Inconclusive, "drain hit nothing: no pod of deployment/idle runs on a node, in namespace " + place},
		{"no workload", "action: cordon\nof: deployment/nothing", step.Failed, "deployment/nothing does not exist in namespace " + place},
		{"no pods of its own", "action: cordon\nof: configmap/kube-root-ca.crt", step.Errored, "ConfigMap kube-root-ca.crt has no spec.selector that says which pods are its own"},
		{"refused value", "action: label\nname: NODE\nlabels: {disk: \"${{ 'not/allowed' }}\"}", step.Errored, `the value "not/allowed" is not allowed: a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := l.do(t, tt.body)
			if err == nil || step.VerdictOf(err) != tt.verdict || err.Error() != tt.want {
				t.Errorf("got  %v (%s)\nwant %s (%s)", err, step.VerdictOf(err), tt.want, tt.verdict)
			}
		})
	}
}

func TestPolicyAndSafetyLimitNodesAndPods(t *testing.T) {
	l := newLab(t, "")
	l.workload(t, "Deployment", "web", "")
	now := func() time.Time { return time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC) }
	try := func(policy settings.Policy, safety step.Safety, body string) error {
		env := kube.NewEnv(kube.Options{Kubeconfig: l.Kubeconfig, Settings: settings.Settings{Policy: policy, Now: now}})
		defer env.Close()
		run := *l.use.Run
		run.Scenario.Owned = false // the namespace is there already
		run.Scenario.Safety = safety
		_, err := steptest.Use{Definition: node.New(env), Run: &run}.Do(t.Context(), t, body)
		return err
	}
	l.Apply(t, strings.ReplaceAll("apiVersion: v1\nkind: Pod\nmetadata: {name: extra}\nspec: {nodeName: NODE, containers: [{name: app, image: a}]}\n", "NODE", l.name))
	cordon, drain := "action: cordon\nselector: lab="+l.Target.Namespace, "action: drain\nforce: true\nselector: lab="+l.Target.Namespace
	monday := &settings.Hours{Days: []time.Weekday{time.Monday}, To: 24 * time.Hour, Zone: time.UTC, At: "scenario-runner.yaml:8:3"}
	for _, test := range []struct {
		policy     settings.Policy
		safety     step.Safety
		body, want string
	}{
		{settings.Policy{MaxNodes: 1}, step.Safety{}, cordon, "hitting 2 nodes with one step is not allowed by the policy, whose maxNodes is 1; choose fewer, or have the policy changed"},
		{settings.Policy{MaxPods: 1}, step.Safety{}, drain, "hitting 2 pods with one step is not allowed by the policy, whose maxPods is 1; choose fewer, or have the policy changed"},
		{settings.Policy{MaxNodes: 2}, step.Safety{MaxNodes: 1}, cordon, "hitting 2 nodes with one step is more than the scenario's safety.maxNodes of 1 allows; choose fewer nodes, with count or by name"},
		{settings.Policy{}, step.Safety{MaxPods: 1}, drain, "hitting 2 pods with one step is more than the scenario's safety.maxPods of 1 allows; choose fewer nodes, with count or by name"},
		{settings.Policy{BusinessHours: monday}, step.Safety{}, drain, "a fault on Tue 2026-11-24 10:00 UTC is refused by the policy (scenario-runner.yaml:8:3), whose businessHours allow faults only Mon UTC; they open next on Mon 2026-11-30 00:00 UTC"},
	} {
		if err := try(test.policy, test.safety, test.body); err == nil || err.Error() != test.want || step.VerdictOf(err) != step.Errored {
			t.Errorf("got  %v\nwant %s", err, test.want)
		}
	}
	if spec, _ := l.node(t); spec.Unschedulable {
		t.Error("the node was cordoned although the policy refused")
	}
	if err := try(settings.Policy{BusinessHours: monday}, step.Safety{}, cordon); err != nil {
		t.Errorf("a cordon breaks nothing, and is refused: %v", err)
	}
}

func TestDrain(t *testing.T) {
	l := newLab(t, "")
	l.workload(t, "Deployment", "web", "")
	l.workload(t, "DaemonSet", "agent", "")
	l.Apply(t, strings.ReplaceAll("apiVersion: v1\nkind: Pod\nmetadata: {name: alone}\nspec: {nodeName: NODE, tolerations: [{operator: Exists}], volumes: [{name: data, emptyDir: {}}], containers: [{name: app, image: a}]}\n", "NODE", l.name))
	both := "action: drain\nselector: lab=" + l.Target.Namespace + "\n"
	_, err := l.do(t, both)
	want := "the drain would lose what nobody brings back, so nothing was done: pod " + l.Target.Namespace + "/alone on " + l.name + " has no controller that makes it again; say force: true to drain it all the same"
	if err == nil || err.Error() != want || step.VerdictOf(err) != step.Errored {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	_, err = l.do(t, both+"force: true")
	if want := "the drain would lose what nobody brings back, so nothing was done: pod " + l.Target.Namespace + "/alone on " + l.name + " has data in an emptyDir volume; say deleteEmptyDir: true to lose it"; err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	if spec, _ := l.node(t); spec.Unschedulable {
		t.Error("a drain that was refused has cordoned the node")
	}
	out, err := l.do(t, both+"force: true\ndeleteEmptyDir: true")
	if err != nil {
		t.Fatal(err)
	}
	var left []string
	for _, pod := range out["left"].([]any) {
		left = append(left, fmt.Sprint(pod.(map[string]any)["reason"]))
	}
	if diff := cmp.Diff([]string{"DaemonSet agent would put it there again", "DaemonSet agent would put it there again"}, left); diff != "" {
		t.Error(diff)
	}
	if evicted := out["evicted"].([]any); len(evicted) != 2 || len(out["changed"].([]any)) != 2 {
		t.Errorf("evicted %v, changed %v", evicted, out["changed"])
	}
	if spec, _ := l.node(t); !spec.Unschedulable {
		t.Error("the node is not cordoned")
	}
	if err := l.host.Close(); err != nil {
		t.Fatal(err)
	}
	if spec, _ := l.node(t); spec.Unschedulable {
		t.Error("the undo has not uncordoned the node")
	}
}

const budget = "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: web}\nspec: {minAvailable: 1, selector: {matchLabels: {app: web}}}\n"

// guarded runs a deployment whose budget allows no disruption.
func guarded(t *testing.T) *lab {
	t.Helper()
	l := newLab(t, "")
	l.workload(t, "Deployment", "web", "")
	l.Apply(t, budget)
	l.Until(t, "pdb/web", func(o *unstructured.Unstructured) bool {
		healthy, _, _ := unstructured.NestedInt64(o.Object, "status", "currentHealthy")
		return healthy == 1
	})
	return l
}

func TestDrainHeedsDisruptionBudgets(t *testing.T) {
	l := guarded(t)
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	_, err := l.use.Do(ctx, t, "action: drain\nselector: lab="+l.Target.Namespace)
	var failure *step.Failure
	if !errors.As(err, &failure) || failure.Verdict != step.Failed {
		t.Fatalf("got %v", err)
	}
	if text := failure.Message; !strings.HasPrefix(text, "timed out with 1 of 1 pods still on "+l.name+", "+l.Target.Namespace+"-b: pod "+l.Target.Namespace+"/web-") ||
		!strings.HasSuffix(text, ": The disruption budget web needs 1 healthy pods and has 1 currently") {
		t.Error(text)
	}
	if len(failure.Sections) != 1 || failure.Sections[0].Title != "what is in the way" {
		t.Errorf("sections %v", failure.Sections)
	}
}

func TestDrainGoesOnWhenTheBudgetAllowsIt(t *testing.T) {
	l := guarded(t)
	refused := make(chan struct{}, 100)
	l.host.OnProgress = func(text string) {
		if strings.Contains(text, "disruption budget") {
			refused <- struct{}{}
		}
	}
	errs := make(chan error, 1)
	go func() {
		_, err := l.do(t, "action: drain\nselector: lab="+l.Target.Namespace)
		errs <- err
	}()
	<-refused
	if _, err := l.Target.Delete(t.Context(), kube.Ref{Kind: "pdb", Name: "web"}, kube.Deletion{}); err != nil {
		t.Fatal(err)
	}
	if err := <-errs; err != nil {
		t.Error(err)
	}
}

func TestCancelEndsADrain(t *testing.T) {
	l := guarded(t)
	ctx, cancel := context.WithCancel(t.Context())
	l.host.OnProgress = func(text string) {
		if strings.Contains(text, "disruption budget") {
			cancel()
		}
	}
	if _, err := l.use.Do(ctx, t, "action: drain\nselector: lab="+l.Target.Namespace); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
