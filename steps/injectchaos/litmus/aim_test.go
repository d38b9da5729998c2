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
