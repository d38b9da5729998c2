package plan

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/engine/step"
)

func TestRisks(t *testing.T) {
	east := &step.Run{Cluster: "east"}
	touches := []Touch{
		{Touch: step.Touch{Effect: step.Creates, Verb: "apply", What: "deployment/web"}},
		{Touch: step.Touch{Effect: step.Creates, Verb: "apply", What: "deployment/api", Where: "cluster east"}, run: east},
		{Touch: step.Touch{Effect: step.Breaks, Verb: "pod-delete", What: "1 of the pods of deployment/web", Now: "3 pods"}},
		{Touch: step.Touch{Effect: step.Changes, Verb: "patch", What: "deployment/shop", Where: "namespace shop"}},
		{Touch: step.Touch{Effect: step.Removes, Verb: "delete", What: "pod/a", Where: "cluster east, namespace shop"}, run: east},
		{Touch: step.Touch{Effect: step.Sends, Verb: "silence", What: "alert A", Where: "Alertmanager"}},
		{Touch: step.Touch{Effect: step.Runs, Verb: "run", What: "./script"}},
		{Touch: step.Touch{Effect: step.Runs, Verb: "exec", What: "pod/db", Where: "namespace shop"}},
		{Touch: step.Touch{Verb: "http", What: "a title"}},
	}
	texts := func(namespace string) []string {
		var out []string
		for _, risk := range (&Plan{Namespace: namespace, Touches: touches}).Risks() {
			out = append(out, risk.Cluster()+"|"+risk.String())
		}
		return out
	}
	outside := []string{
		"|pod-delete 1 of the pods of deployment/web, now 3 pods",
		"|patch deployment/shop (namespace shop)",
		"east|delete pod/a (cluster east, namespace shop)",
		"|exec pod/db (namespace shop)",
	}
	if d := cmp.Diff(outside, texts("")); d != "" {
		t.Error(d)
	}
	all := append([]string{"|apply deployment/web", "east|apply deployment/api (cluster east)"}, outside...)
	if d := cmp.Diff(all, texts("shop")); d != "" {
		t.Errorf("in a namespace that is there already: %s", d)
	}
}
