package injectchaos_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/kubetest"
)

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
