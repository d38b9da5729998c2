package litmus

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/litmuschaos/chaos-operator/api/litmuschaos/v1alpha1"

	"github.com/scenario-runner/scenario-runner/steps/injectchaos/catalogue"
	"github.com/scenario-runner/scenario-runner/steps/injectchaos/driver"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

func named(kind string, names ...string) []*unstructured.Unstructured {
	var out []*unstructured.Unstructured
	for _, name := range names {
		object := &unstructured.Unstructured{Object: map[string]any{"kind": kind}}
		object.SetName(name)
		out = append(out, object)
	}
	return out
}

// A repeated act can't name its pods, because the first act replaces them: it gets the share of the workload instead.
func TestRepeatedActsAimAtTheWorkload(t *testing.T) {
	experiment, _ := catalogue.Get("pod-delete")
	a := aim{namespace: "shop", owner: named("DaemonSet", "web")[0], targets: named("Pod", "web-1"), candidates: 3}
	var spec v1alpha1.ChaosEngineSpec
	env := map[string]string{}
	request := driver.Request{Experiment: experiment, Interval: time.Second}
	if err := a.fits(request, false); err != nil {
		t.Fatal(err)
	}
	a.set(&spec, env, request, false)
	if diff := cmp.Diff(map[string]string{"PODS_AFFECTED_PERC": "34"}, env); diff != "" {
		t.Error(diff)
	}
	want := &v1alpha1.Selector{Workloads: []v1alpha1.Workload{{Kind: "daemonSet", Namespace: "shop", Names: "web"}}}
	if diff := cmp.Diff(want, spec.Selectors); diff != "" {
		t.Error(diff)
	}
}

// Litmus takes pods of its own choice then, so any of the workload's is a proof, but there must be as many as were asked for.
func TestRepeatedActsAreSeenOnAnyPodOfTheWorkload(t *testing.T) {
	experiment, _ := catalogue.Get("pod-delete")
	f := &fault{request: driver.Request{Experiment: experiment, Interval: time.Second, Selection: driver.Selection{Count: 2}}}
	f.aim.owner = named("Deployment", "web")[0]
	f.aim.choose(f.request, named("Pod", "web-1", "web-2", "web-3"))
	for _, tt := range []struct {
		left   []string
		hit    int
		proved bool
	}{
		{[]string{"web-1", "web-2", "web-3"}, 0, false},
		{[]string{"web-1", "web-2"}, 1, false},
		{[]string{"web-1"}, 2, true},
	} {
		f.proof = ""
		v := &view{targets: kube.Snapshot{Objects: named("Pod", tt.left...)}}
		if hit, proved := f.hitIn(v), f.proved(v); hit != tt.hit || proved != tt.proved {
			t.Errorf("with %v left, %d were hit and the fault is proved: %t", tt.left, hit, proved)
		}
	}
}

func selecting(labels map[string]any) *unstructured.Unstructured {
	owner := named("Deployment", "web")[0]
	owner.Object["spec"] = map[string]any{"selector": map[string]any{"matchLabels": labels}}
	return owner
}

func labelled(names ...string) []*unstructured.Unstructured {
	list := named("Pod", names...)
	for _, pod := range list {
		pod.SetLabels(map[string]string{"app": "web"})
	}
	return list
}

// litmus-go panics when it gets pods by name, and its policy selects by the first label alone.
func TestPartitionAimsAtOneLabel(t *testing.T) {
	experiment, _ := catalogue.Get(partition)
	request := driver.Request{Experiment: experiment, Duration: time.Second}
	one := map[string]any{"app": "web"}
	const general = "Litmus's pod-network-partition cuts off all pods with one label; name a Deployment, StatefulSet or DaemonSet that selects its pods by a single label as the target, all of its pods, or use driver: builtin"
	tests := []struct {
		name    string
		aim     aim
		request driver.Request
		want    string
	}{
		{"all pods of a deployment", aim{owner: selecting(one), targets: labelled("a", "b"), candidates: 2}, request, ""},
		{"some pods", aim{owner: selecting(one), targets: labelled("a"), candidates: 2}, request, general},
		{"pods without a workload", aim{targets: labelled("a"), candidates: 1}, request, general},
		{"two labels", aim{owner: selecting(map[string]any{"app": "web", "tier": "front"}), targets: labelled("a"), candidates: 1}, request, general},
		{"until the end", aim{owner: selecting(one), targets: labelled("a"), candidates: 1}, driver.Request{Experiment: experiment}, "Litmus says only at the end of pod-network-partition what it has hit; give duration, or use driver: builtin"},
		{"pods of others", aim{owner: selecting(one), targets: labelled("a"), candidates: 1, others: 2}, request, "Litmus's pod-network-partition cuts off all pods with the label app=web, also 2 that are none of Deployment/web; use driver: builtin"},
	}
	for _, tt := range tests {
		got := ""
		if err := tt.aim.fits(tt.request, false); err != nil {
			got = err.Error()
		}
		if got != tt.want {
			t.Errorf("%s: got  %s\nwant %s", tt.name, got, tt.want)
		}
	}
	a, spec, env := tests[0].aim, v1alpha1.ChaosEngineSpec{}, map[string]string{}
	a.namespace = "shop"
	a.set(&spec, env, request, false)
	want := v1alpha1.ChaosEngineSpec{Appinfo: v1alpha1.ApplicationParams{Appns: "shop", Applabel: "app=web", AppKind: "deployment"}}
	if diff := cmp.Diff(want, spec) + cmp.Diff(map[string]string{}, env); diff != "" {
		t.Error(diff)
	}
	if n := a.strangers(kube.Snapshot{Objects: append(labelled("a", "b", "c"), named("Pod", "d")...)}); n != 1 {
		t.Errorf("%d pods are strangers, expected c alone", n)
	}
}

func TestTargetsThatLitmusCannotBeHeldTo(t *testing.T) {
	podDelete, _ := catalogue.Get("pod-delete")
	nodeDrain, _ := catalogue.Get("node-drain")
	tests := []struct {
		aim     aim
		request driver.Request
		want    string
	}{
		{aim{targets: named("Node", "a", "b")}, driver.Request{Experiment: nodeDrain}, "Litmus's node-drain hits a single node, and 2 were chosen; give count: 1"},
		{aim{targets: named("Pod", "a")}, driver.Request{Experiment: podDelete, Interval: time.Second}, "Litmus repeats pod-delete on the pods of a Deployment, StatefulSet or DaemonSet only; name one as the target, or leave interval out"},
		{aim{owner: named("Service", "a")[0]}, driver.Request{Experiment: podDelete, Interval: time.Second}, "Litmus repeats pod-delete on the pods of a Deployment, StatefulSet or DaemonSet only; name one as the target, or leave interval out"},
	}
	for _, tt := range tests {
		if err := tt.aim.fits(tt.request, false); err == nil || err.Error() != tt.want {
			t.Errorf("got  %v\nwant %s", err, tt.want)
		}
	}
}
