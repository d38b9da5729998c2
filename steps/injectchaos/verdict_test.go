package injectchaos_test

import (
	"context"
	"errors"
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
