package scale_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/engine/steptest"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/kubetest"
	"github.com/scenario-runner/scenario-runner/steps/scale"
)

func TestContract(t *testing.T) {
	steptest.Contract(t, scale.New(kube.NewEnv(kube.Options{})))
}

func TestCompileReportsMistakes(t *testing.T) {
	tests := []struct{ name, body, want string }{
		{"no name", "object: deployments\nreplicas: 1", "step.yaml:1:9: scale needs the name of one object, as in deployment/web [invalid-value]\n"},
		{"negative", "object: deployment/web\nreplicas: -1", "step.yaml:2:11: replicas can't be negative, found -1 [invalid-value]\n"},
		{"missing", "object: deployment/web", `step.yaml:1:1: scale needs "replicas": the number of replicas that is wanted [missing-field]` + "\n"},
		{"tolerate", "object: deployment/web\nreplicas: 1\ntolerate: nothing", `step.yaml:3:11: "nothing" is not a state that ends a wait; choose one of jobFailed, podFailed, imagePull, containerConfig, unschedulable, quota, progressDeadline, stalled [invalid-value]` + "\n"},
		{"known later", "object: deployment/${{ vars.name }}\nreplicas: ${{ vars.n }}", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, diags := steptest.Use{Definition: scale.New(kube.NewEnv(kube.Options{}))}.Compile(t, tt.body)
			if diff := cmp.Diff(tt.want, heads(diags)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// heads drops the excerpts of diagnostics.
func heads(diags string) string {
	var b strings.Builder
	for line := range strings.Lines(diags) {
		if strings.HasPrefix(line, "step.yaml:") {
			b.WriteString(line)
		}
	}
	return b.String()
}

// workload is a workload of one replica.
func workload(kind, annotations string) string {
	return `
apiVersion: apps/v1
kind: ` + kind + `
metadata: {name: web}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}, annotations: {` + annotations + `}}
    spec: {containers: [{name: app, image: "registry.example/app:1", resources: {requests: {cpu: "20"}}}]}
`
}

func TestScalesAndWaits(t *testing.T) {
	for _, kind := range []string{"Deployment", "StatefulSet", "ReplicaSet"} {
		t.Run(kind, func(t *testing.T) {
			c := kubetest.New(t)
			c.Apply(t, workload(kind, ""))
			use := steptest.Use{Definition: scale.New(c.Env), Run: c.Run}
			for _, numbers := range []struct{ from, to int }{{1, 3}, {3, 0}, {0, 2}} {
				out, err := use.Do(t.Context(), t, "object: "+kind+"/web\nreplicas: "+string(rune('0'+numbers.to)))
				if err != nil {
					t.Fatal(err)
				}
				if out["from"] != numbers.from || out["to"] != numbers.to || out["took"].(time.Duration) <= 0 {
					t.Errorf("outputs are %v, expected %v", out, numbers)
				}
				object, err := c.Target.Get(t.Context(), kube.Ref{Kind: kind, Name: "web"})
				if err != nil {
					t.Fatal(err)
				}
				status := object.Object["status"].(map[string]any)
				if ready, _ := status["readyReplicas"].(int64); int(ready) != numbers.to {
					t.Errorf("%d replicas are ready when the step ends, expected %d", ready, numbers.to)
				}
			}
		})
	}
}

func TestVerdicts(t *testing.T) {
	c := kubetest.New(t)
	tests := []struct {
		object  string
		verdict step.Verdict
		want    string
	}{
		{"deployment/nothing", step.Failed, "deployment/nothing does not exist in namespace " + c.Target.Namespace},
		{"configmap/a", step.Errored, "ConfigMap can't be scaled: the kind has no scale subresource"},
	}
	for _, tt := range tests {
		t.Run(tt.object, func(t *testing.T) {
			_, err := steptest.Use{Definition: scale.New(c.Env), Run: c.Run}.Do(t.Context(), t, "object: "+tt.object+"\nreplicas: 1")
			if err == nil || step.VerdictOf(err) != tt.verdict || err.Error() != tt.want {
				t.Errorf("got  %v (%s)\nwant %s (%s)", err, step.VerdictOf(err), tt.want, tt.verdict)
			}
		})
	}
}

func TestQuotaEndsTheWaitEarly(t *testing.T) {
	c := kubetest.New(t)
	c.Apply(t, "apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: tight}\nspec: {hard: {pods: \"1\"}}\n")
	c.Until(t, "resourcequota/tight", hasStatus)
	c.Apply(t, workload("Deployment", ""))
	use := steptest.Use{Definition: scale.New(c.Env), Run: c.Run}
	out, err := use.Do(t.Context(), t, "object: deployment/web\nreplicas: 3")
	failure, ok := errors.AsType[*step.Failure](err)
	if !ok || failure.Verdict != step.Failed || !strings.HasPrefix(failure.Message, "Deployment web will not become ready: FailedCreate: pods \"web-") || !strings.Contains(failure.Message, "exceeded quota: tight, requested: pods=1, used: pods=1, limited: pods=1") {
		t.Fatalf("error is %v", err)
	}
	if out["from"] != 1 || out["to"] != 3 {
		t.Errorf("outputs are %v", out)
	}
	if _, err := use.Do(t.Context(), t, "object: deployment/web\nreplicas: 4\nwaitReady: false"); err != nil {
		t.Errorf("without waiting: %v", err)
	}
}

func TestUndoRestoresElsewhere(t *testing.T) {
	c := kubetest.New(t)
	other := c.Target.Namespace + "-other"
	c.Apply(t, "apiVersion: v1\nkind: Namespace\nmetadata: {name: "+other+"}\n")
	away := c.Target.In(other)
	if _, err := away.Apply(t.Context(), kubetest.Object(t, workload("Deployment", "")), kube.Change{Keep: true}); err != nil {
		t.Fatal(err)
	}
	run := *c.Run
	run.Namespace = other
	host := steptest.NewHost(t, c.Env.Undos()...)
	run.Host = host
	use := steptest.Use{Definition: scale.New(c.Env), Run: &run}
	if _, err := use.Do(t.Context(), t, "object: deployment/web\nreplicas: 2"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"restore deployment web in namespace " + other}, host.Open()); diff != "" {
		t.Error(diff)
	}
	if err := host.Close(); err != nil {
		t.Fatal(err)
	}
	object, err := away.Get(t.Context(), kube.Ref{Kind: "deployment", Name: "web"})
	if err != nil {
		t.Fatal(err)
	}
	if n := object.Object["spec"].(map[string]any)["replicas"]; n != int64(1) {
		t.Errorf("replicas is %v after the undo", n)
	}
}

// hasStatus reports whether a quota is in force.
func hasStatus(object *unstructured.Unstructured) bool {
	if object == nil {
		return false
	}
	_, found, _ := unstructured.NestedMap(object.Object, "status", "hard")
	return found
}
