package injectchaos_test

import (
	"encoding/base64"
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
)

const (
	service  = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {selector: {app: web}, ports: [{port: 80}]}\n"
	password = "hunter2-is-secret"
)

// ownNode makes a simulated node that only pods which name it run on, so that no other test is disturbed.
func (l *lab) ownNode(suffix string) string {
	l.t.Helper()
	name := l.Target.Namespace + suffix
	l.Apply(l.t, "apiVersion: v1\nkind: Node\nmetadata: {name: "+name+", labels: {lab: "+l.Target.Namespace+"}, annotations: {kwok.x-k8s.io/node: fake}}\n"+
		"spec: {taints: [{key: lab, value: own, effect: NoSchedule}]}\n")
	l.until("node/"+name, func(o *unstructured.Unstructured) bool { return nodeStatus(o) == "True" })
	return name
}

// onOwnNodes changes a workload so that it runs on the nodes of the lab.
func (l *lab) onOwnNodes(manifest string) string {
	return strings.Replace(manifest, "      containers:\n", "      nodeSelector: {lab: "+l.Target.Namespace+"}\n      tolerations: [{key: lab, operator: Exists}]\n      containers:\n", 1)
}

// spec returns the parts of a node that are its owner's.
func nodeSpec(node *unstructured.Unstructured) map[string]any {
	spec, _, _ := unstructured.NestedMap(node.Object, "spec")
	taints, _, _ := unstructured.NestedSlice(node.Object, "spec", "taints")
	var own []any
	for _, taint := range taints {
		if key, _ := taint.(map[string]any)["key"].(string); !strings.HasPrefix(key, "node.kubernetes.io/") {
			own = append(own, taint)
		}
	}
	return map[string]any{"unschedulable": spec["unschedulable"], "taints": own}
}

// restored closes the scenario and compares objects with what they were.
func (l *lab) restored(before map[string]map[string]any, now func(ref string) map[string]any) {
	l.t.Helper()
	if err := l.Host.Close(); err != nil {
		l.t.Fatal(err)
	}
	for ref, was := range before {
		if diff := cmp.Diff(was, now(ref)); diff != "" {
			l.t.Errorf("%s after the undo: %s", ref, diff)
		}
	}
}

func (l *lab) own(ref string) map[string]any { return own(l.get(ref)) }

func TestServiceDisruption(t *testing.T) {
	l := newLab(t)
	l.deploy("Deployment", "web", 2)
	l.Apply(t, service)
	l.Apply(t, strings.ReplaceAll(service, "web", "idle"))
	l.endpoints("web", 2)
	before := l.own("service/web")
	out := l.must("experiment: service-disruption\ntarget: {labels: {}}")
	if diff := cmp.Diff([]string{"Service/web"}, targets(out)); diff != "" {
		t.Error(diff)
	}
	l.restored(map[string]map[string]any{"service/web": before}, l.own)
	l.endpoints("web", 2)
	out = l.must("experiment: service-disruption\ntarget: {name: web}\nduration: 50ms")
	if out["goneAfter"].(time.Duration) <= 0 {
		t.Errorf("outputs are %v", out)
	}
	_, err := l.inject("experiment: service-disruption\ntarget: {name: idle}")
	want := "service-disruption hit nothing: Service/idle in namespace " + l.Target.Namespace + " gives no services that have ready endpoints"
	if err == nil || err.Error() != want || step.VerdictOf(err) != step.Inconclusive {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

// endpoints waits until a service has so many ready endpoints.
func (l *lab) endpoints(name string, number int) {
	l.t.Helper()
	query, err := l.Target.Query(l.ctx, kube.Ref{APIVersion: "discovery.k8s.io/v1", Kind: "EndpointSlice"})
	if err != nil {
		l.t.Fatal(err)
	}
	err = l.Target.Watch(l.ctx, query, func(shot kube.Snapshot) (bool, error) {
		n := 0
		for _, slice := range shot.Objects {
			if slice.GetLabels()["kubernetes.io/service-name"] != name {
				continue
			}
			endpoints, _, _ := unstructured.NestedSlice(slice.Object, "endpoints")
			for _, e := range endpoints {
				if ready, _, _ := unstructured.NestedBool(e.(map[string]any), "conditions", "ready"); ready {
					n++
				}
			}
		}
		return n == number, nil
	})
	if err != nil {
		l.t.Fatal(err)
	}
}

func TestSecretCorruption(t *testing.T) {
	l := newLab(t)
	l.Apply(t, "apiVersion: v1\nkind: Secret\nmetadata: {name: login}\nstringData: {user: admin, password: "+password+"}\n")
	before := l.own("secret/login")
	out := l.must("experiment: secret-corruption\ntarget: {name: login}\nparameters: {key: password}")
	if diff := cmp.Diff([]string{"Secret/login"}, targets(out)); diff != "" {
		t.Error(diff)
	}
	data := l.get("secret/login").Object["data"].(map[string]any)
	if plain, _ := base64.StdEncoding.DecodeString(data["password"].(string)); string(plain) != "corrupted-"+password {
		t.Errorf("the password is %q", plain)
	}
	ledger := l.Host.Ledger()
	for _, secret := range []string{password, base64.StdEncoding.EncodeToString([]byte(password)), base64.StdEncoding.EncodeToString([]byte("corrupted-" + password))} {
		if strings.Contains(ledger, secret) {
			t.Errorf("the ledger holds the secret: %s", ledger)
		}
	}
	l.restored(map[string]map[string]any{"secret/login": before}, l.own)
	if _, err := l.inject("experiment: secret-corruption\ntarget: {name: login}\nduration: 50ms"); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff(before, l.own("secret/login")); diff != "" {
		t.Error(diff)
	}
}

func TestSecretThatWasRotatedIsLeftAlone(t *testing.T) {
	l := newLab(t)
	l.Apply(t, "apiVersion: v1\nkind: Secret\nmetadata: {name: login}\nstringData: {password: old}\n")
	l.must("experiment: secret-corruption\ntarget: {name: login}")
	l.Apply(t, "apiVersion: v1\nkind: Secret\nmetadata: {name: login}\ndata: {password: bmV3}\n")
	if err := l.Host.Close(); err != nil {
		t.Fatal(err)
	}
	if value := l.get("secret/login").Object["data"].(map[string]any)["password"]; value != "bmV3" {
		t.Errorf("the password is %v", value)
	}
}

func TestQuotaExhaustion(t *testing.T) {
	l := newLab(t)
	l.deploy("Deployment", "web", 2)
	out := l.must("experiment: quota-exhaustion\ntarget: {}")
	if diff := cmp.Diff([]string{"Namespace/" + l.Target.Namespace}, targets(out)); diff != "" {
		t.Error(diff)
	}
	if len(l.pods()) != 2 {
		t.Errorf("pods are %v", l.pods())
	}
	open := l.Host.Open()
	if len(open) != 1 || !strings.HasPrefix(open[0], "remove ResourceQuota chaos-quota-exhaustion-") {
		t.Errorf("the ledger has %v", open)
	}
	if err := l.Host.Close(); err != nil {
		t.Fatal(err)
	}
	quotas, err := l.Target.List(l.ctx, kube.Ref{Kind: "resourcequotas"})
	if err != nil || len(quotas) != 0 {
		t.Errorf("%v %v", quotas, err)
	}
	out = l.must("experiment: quota-exhaustion\ntarget: namespace/" + l.Target.Namespace + "\nduration: 50ms")
	if out["goneAfter"].(time.Duration) <= 0 || out["hit"] != 1 {
		t.Errorf("outputs are %v", out)
	}
}

func TestNodeTaint(t *testing.T) {
	l := newLab(t)
	node := "node/" + l.ownNode("")
	before := nodeSpec(l.get(node))
	spec := func(ref string) map[string]any { return nodeSpec(l.get(ref)) }
	out := l.must("experiment: node-taint\ntarget: " + node + "\nparameters: {taint: \"dedicated=db:NoSchedule\"}")
	if diff := cmp.Diff(1, out["hit"]); diff != "" {
		t.Error(diff)
	}
	taints := fmt.Sprint(spec(node)["taints"])
	if !strings.Contains(taints, "dedicated") || !strings.Contains(taints, "lab") {
		t.Errorf("taints are %s", taints)
	}
	_, err := l.inject("experiment: node-taint\ntarget: " + node + "\nparameters: {taint: \"dedicated=db:NoSchedule\"}")
	want := "node-taint hit nothing: " + node + " gives no nodes without the taint"
	if err == nil || err.Error() != want || step.VerdictOf(err) != step.Inconclusive {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	l.must("experiment: node-taint\ntarget: " + node + "\nparameters: {taint: \"lab=other:NoSchedule\"}")
	l.restored(map[string]map[string]any{node: before}, spec)
	if out := l.must("experiment: node-taint\ntarget: " + node + "\nduration: 50ms"); out["goneAfter"].(time.Duration) <= 0 {
		t.Errorf("outputs are %v", out)
	}
	if diff := cmp.Diff(before, spec(node)); diff != "" {
		t.Error(diff)
	}
}

func TestNodeDrain(t *testing.T) {
	l := newLab(t)
	first := l.ownNode("-a")
	l.Apply(t, l.onOwnNodes(workload("Deployment", "web", 2)))
	l.until("deployment/web", isReady)
	l.ownNode("-b")
	pods := l.pods()
	before := nodeSpec(l.get("node/" + first))
	out := l.must("experiment: node-drain\ntarget: node/" + first + "\nduration: 50ms")
	if diff := cmp.Diff([]string{"Node/" + first}, targets(out)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"node/" + first}, l.Host.Claimed()[:1]); diff != "" {
		t.Error(diff)
	}
	l.until("deployment/web", isReady)
	for _, name := range l.pods() { // where the new ones are may be decided after the drain, when both nodes take them
		if slices.Contains(pods, name) {
			t.Errorf("%s was not moved", name)
		}
	}
	if diff := cmp.Diff(before, nodeSpec(l.get("node/"+first))); diff != "" {
		t.Error(diff)
	}
	l.Apply(t, "apiVersion: v1\nkind: Pod\nmetadata: {name: bare}\nspec: {nodeName: "+first+", containers: [{name: app, image: a}]}\n")
	_, err := l.inject("experiment: node-drain\ntarget: node/" + first)
	want := "the drain would lose what nobody brings back, so nothing was done: pod " + l.Target.Namespace + "/bare on " + first + " has no controller that makes it again; say force: true to drain it all the same"
	if err == nil || err.Error() != want || nodeSpec(l.get("node/" + first))["unschedulable"] != nil {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestSteeredPods(t *testing.T) {
	l := newLab(t)
	manifest := strings.Replace(workload("Deployment", "web", 2), `"registry.example/app:1"}`, `"registry.example/app:1", resources: {limits: {memory: 64Mi}}}`, 1)
	l.Apply(t, manifest)
	l.until("deployment/web", isReady)
	for _, tt := range []struct{ body, annotation string }{
		{"experiment: container-kill\ntarget: deployment/web\nparameters: {container: app}", "restart-once"},
		{"experiment: pod-memory-hog\ntarget: deployment/web", "memory-usage"},
		{"experiment: pod-memory-hog\ntarget: deployment/web\nparameters: {container: proxy, megabytes: 90}", "memory-usage"},
		{"experiment: pod-cpu-hog\ntarget: deployment/web\nparameters: {cores: 2, load: 50}", "cpu-usage"},
	} {
		out := l.must(tt.body + "\nduration: 50ms")
		if out["goneAfter"].(time.Duration) <= 0 || len(targets(out)) != 1 {
			t.Errorf("%s: outputs are %v", tt.body, out)
		}
		for _, name := range l.pods() {
			if value, there := l.get("pod/" + name).GetAnnotations()["sandbox.scenario-runner.dev/"+tt.annotation]; there {
				t.Errorf("%s: %s of %s is still %s", tt.body, tt.annotation, name, value)
			}
		}
		l.until("deployment/web", isReady)
	}
}

func TestIsolationOfSimulatedPodsProvesNothing(t *testing.T) {
	l := newLab(t)
	l.deploy("Deployment", "web", 1)
	pod := l.pods()[0]
	for _, experiment := range []string{"pod-network-partition", "dns-failure"} {
		_, err := l.inject("experiment: " + experiment + "\ntarget: deployment/web")
		want := experiment + " proves nothing here: Pod/" + pod + " runs on a simulated node, which carries no packets, so a NetworkPolicy has no effect; nothing was done"
		if err == nil || err.Error() != want || step.VerdictOf(err) != step.Inconclusive {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
	if open := l.Host.Open(); len(open) != 0 {
		t.Errorf("the ledger has %v", open)
	}
}

// TestAKilledRunIsTakenBackByAnother makes every lasting fault, and lets another process that knows no cluster clean up.
func TestAKilledRunIsTakenBackByAnother(t *testing.T) {
	l := newLab(t)
	node := l.ownNode("")
	l.Apply(t, l.onOwnNodes(workload("Deployment", "moving", 1)))
	l.until("deployment/moving", isReady)
	l.deploy("Deployment", "web", 2)
	l.Apply(t, service)
	l.endpoints("web", 2)
	l.Apply(t, "apiVersion: v1\nkind: Secret\nmetadata: {name: login}\nstringData: {password: "+password+"}\n")
	l.Apply(t, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {mode: slow}\n")
	tests := []struct{ body, object string }{
		{"experiment: service-disruption\ntarget: service/web", "service/web"},
		{"experiment: secret-corruption\ntarget: secret/login", "secret/login"},
		{"experiment: config-corruption\ntarget: configmap/settings", "configmap/settings"},
		{"experiment: pod-memory-hog\ntarget: {kind: Pod, name: POD}\nparameters: {megabytes: 40}", "pod/POD"},
		{"experiment: pod-cpu-hog\ntarget: {kind: Pod, name: POD}", "pod/POD"},
		{"experiment: container-kill\ntarget: {kind: Pod, name: POD}", "pod/POD"},
		{"experiment: node-taint\ntarget: node/" + node, "node/" + node},
		{"experiment: node-drain\ntarget: node/" + node, "node/" + node},
		{"experiment: node-not-ready\ntarget: node/" + node, "node/" + node},
		{"experiment: quota-exhaustion\ntarget: {}", "namespace/" + l.Target.Namespace},
		{"experiment: image-pull-failure\ntarget: deployment/web", "deployment/web"},
		{"experiment: scale-to-zero\ntarget: deployment/web", "deployment/web"},
	}
	for _, tt := range tests {
		t.Run(strings.Fields(tt.body)[1], func(t *testing.T) {
			l.until("deployment/web", isReady)
			pod := ""
			for _, name := range l.pods() {
				if strings.HasPrefix(name, "web-") {
					pod = name
				}
			}
			body, object := strings.ReplaceAll(tt.body, "POD", pod), strings.ReplaceAll(tt.object, "POD", pod)
			state := func() map[string]any {
				found := l.get(object)
				if found.GetKind() == "Node" {
					return map[string]any{"spec": nodeSpec(found), "annotations": found.GetAnnotations()}
				}
				return own(found)
			}
			before := state()
			// The host of the killed process never takes anything back; what it wrote down is all that there is.
			killed := steptest.NewHost(t, injectchaos.Undos(elsewhere(t))...)
			run := *l.Run
			run.Host = killed
			if _, err := (steptest.Use{Definition: injectchaos.New(l.Env), Run: &run}).Do(l.ctx, t, body); err != nil {
				t.Fatal(err)
			}
			if len(killed.Open()) == 0 {
				t.Fatal("the ledger has nothing")
			}
			if err := killed.Close(); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(before, state()); diff != "" {
				t.Errorf("left behind: %s", diff)
			}
			quotas, err := l.Target.List(l.ctx, kube.Ref{Kind: "resourcequotas"})
			if err != nil || len(quotas) > 0 {
				t.Errorf("quotas are left: %v, %v", quotas, err)
			}
		})
	}
}

func TestPlanOfAQuotaNamesOneNamespace(t *testing.T) {
	d := injectchaos.New(kube.NewEnv(kube.Options{}))
	for body, want := range map[string]string{
		"experiment: quota-exhaustion\ntarget: {}\nduration: 3s":        "the namespace that the step works in for 3s",
		"experiment: quota-exhaustion\ntarget: namespace/shop":          "namespace/shop",
		"experiment: service-disruption\ntarget: {labels: {app: shop}}": "all of the services [app=shop]",
		"experiment: node-drain\ntarget: {}":                            "1 of the nodes",
	} {
		task, diags := steptest.Use{Definition: d}.Compile(t, body)
		if diags != "" {
			t.Fatal(diags)
		}
		toucher, ok := task.(step.Toucher)
		if !ok {
			t.Fatalf("%T tells nothing", task)
		}
		if touches := toucher.Touches(); len(touches) != 1 || touches[0].What != want {
			t.Errorf("%s: %+v, want %s", body, touches, want)
		}
	}
}
