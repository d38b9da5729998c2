package cluster_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/scenario-runner/scenario-runner/examples/pipeline/internal/cluster"
	"github.com/scenario-runner/scenario-runner/examples/pipeline/internal/text"
)

const pod = `
metadata:
  name: web-5d-x
  labels: {app: web, pod-template-hash: 5d}
  annotations: {deployment.kubernetes.io/revision: "4"}
  ownerReferences: [{kind: ReplicaSet, name: web-5d, controller: true}]
status:
  conditions: [{type: Ready, status: "False"}]
  containerStatuses:
    - {state: {running: {}}}
    - {state: {waiting: {reason: CrashLoopBackOff}}, lastState: {terminated: {reason: Error, exitCode: 3}}}
`

// object reads an object as the API server would give it: numbers are whole.
func object(t *testing.T, manifest string) map[string]any {
	t.Helper()
	var out map[string]any
	if err := yaml.Unmarshal([]byte(manifest), &out); err != nil {
		t.Fatal(err)
	}
	if statuses, ok := out["status"].(map[string]any)["containerStatuses"].([]any); ok {
		last := statuses[1].(map[string]any)["lastState"].(map[string]any)["terminated"].(map[string]any)
		last["exitCode"] = int64(last["exitCode"].(float64))
	}
	return out
}

func TestFunctions(t *testing.T) {
	scope := cluster.Functions().With("pod", object(t, pod)).With("empty", map[string]any{}).With("containers", []any{map[string]any{"name": "app"}})
	for expression, want := range map[string]any{
		`waiting(pod)`:                  "CrashLoopBackOff",
		`ended(pod)`:                    "Error",
		`exitCode(pod)`:                 3,
		`ready(pod)`:                    false,
		`workload(pod)`:                 "web",
		`revision(pod)`:                 4,
		`label(pod, "app")`:             "web",
		`condition(pod, "Initialized")`: "",
		`waiting(empty) + ended(empty)`: "",
		`workload(empty)`:               "",
		`quantity("1Ki")`:               1024.0,
		`quantity("")`:                  0.0,
		`limited(containers, "1Gi")[0].resources.limits.memory`: "1Gi",
		`restricted(containers)[0].securityContext.runAsUser`:   int64(1000),
		`containers[0].resources`:                               nil, // copies were changed
	} {
		got, err := scope.Value(expression)
		if err != nil {
			t.Errorf("%s: %v", expression, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", expression, diff)
		}
	}
	if _, err := (text.Scope{"quantity": cluster.Functions()["quantity"]}).Value(`quantity("much")`); err == nil {
		t.Error("a quantity that is none was read")
	}
}
