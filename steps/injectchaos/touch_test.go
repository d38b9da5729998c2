package injectchaos_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/engine/steptest"
	"github.com/scenario-runner/scenario-runner/steps/injectchaos"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

// TestPlansNameWhatLitmusNeeds compares plans with what the driver creates, which its own tests hold.
func TestPlansNameWhatLitmusNeeds(t *testing.T) {
	for body, want := range map[string][]string{
		"experiment: pod-delete\ntarget: {kind: Deployment, name: web, namespace: shop}": {
			"breaks: pod-delete 1 of the pods of deployment/web (namespace shop)",
		},
		"experiment: pod-network-loss\ntarget: {kind: Deployment, name: web, namespace: shop}\nduration: 30s": {
			"creates: create chaosexperiment/pod-network-loss when it is missing (namespace shop)",
			"creates: create serviceaccount/pod-network-loss-… (namespace shop)",
			"creates: create role/pod-network-loss-… (namespace shop)",
			"creates: create rolebinding/pod-network-loss-… (namespace shop)",
			"creates: create chaosengine/pod-network-loss-… (namespace shop)",
			"breaks: pod-network-loss 1 of the pods of deployment/web for 30s (namespace shop)",
		},
		"experiment: node-drain\ntarget: node/worker-1\ndriver: litmus\nlitmus: {install: true}": {
			"creates: create what is missing of the 3 definitions of Litmus's kinds (the whole cluster)",
			"creates: create chaosexperiment/node-drain when it is missing ()",
			"creates: create serviceaccount/node-drain-… ()",
			"creates: create clusterrole/node-drain-… (the whole cluster)",
			"creates: create clusterrolebinding/node-drain-… (the whole cluster)",
			"creates: create chaosengine/node-drain-… ()",
			"breaks: node-drain node/worker-1 (the whole cluster)",
		},
		"experiment: pod-network-loss\ntarget: deployment/web\nlitmus: {install: false, serviceAccount: chaos}": {
			"creates: create chaosengine/pod-network-loss-… ()",
			"breaks: pod-network-loss 1 of the pods of deployment/web ()",
		},
	} {
		task, diags := (steptest.Use{Definition: injectchaos.New(kube.NewEnv(kube.Options{}))}).Compile(t, body)
		if diags != "" && !strings.Contains(diags, "warning") {
			t.Fatal(diags)
		}
		var got []string
		for _, touch := range task.(step.Toucher).Touches() {
			got = append(got, string(touch.Effect)+": "+touch.Verb+" "+touch.What+" ("+touch.Where+")")
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s\n%s", body, d)
		}
	}
}
