package rollout_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/engine/steptest"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/kubetest"
	"github.com/scenario-runner/scenario-runner/steps/rollout"
)

func TestContract(t *testing.T) {
	steptest.Contract(t, rollout.New(kube.NewEnv(kube.Options{})))
}

func TestCompileReportsMistakes(t *testing.T) {
	tests := []struct{ name, body, want string }{
		{"no name", "object: deployments\naction: restart", "step.yaml:1:9: rollout needs the name of one object, as in deployment/web [invalid-value]\n"},
		{"action", "object: deployment/web\naction: restrat", `step.yaml:2:9: action: "restrat" is not one of its values; did you mean "restart"? [unknown-value]` + "\n"},
		{"revision", "object: deployment/web\naction: restart\ntoRevision: 2", "step.yaml:3:13: toRevision is for the action undo, not for restart [invalid-value]\n"},
		{"negative", "object: deployment/web\naction: undo\ntoRevision: -1", "step.yaml:3:13: toRevision must be 1 or more, found -1 [invalid-value]\n"},
		{"known later", "object: deployment/${{ vars.a }}\naction: undo\ntoRevision: ${{ vars.n }}", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, diags := steptest.Use{Definition: rollout.New(kube.NewEnv(kube.Options{}))}.Compile(t, tt.body)
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

// workload is a workload whose image has a version.
func workload(kind string, version int) string {
	replicas := "replicas: 2"
	if kind == "DaemonSet" {
		replicas = "minReadySeconds: 0"
	}
	return fmt.Sprintf(`
apiVersion: apps/v1
kind: %s
metadata: {name: web, annotations: {version: "%d"}}
spec:
  %s
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: app, image: "registry.example/app:%d"}]}
`, kind, version, replicas, version)
}

type bench struct {
	*testing.T
	cluster *kubetest.Cluster
	kind    string
}

// release applies a version and waits until it is rolled out.
func (b bench) release(version int) {
	b.Helper()
	b.cluster.Apply(b.T, workload(b.kind, version))
	b.do("status")
}

func (b bench) do(action string) map[string]any {
	b.Helper()
	out, err := steptest.Use{Definition: rollout.New(b.cluster.Env), Run: b.cluster.Run}.Do(b.Context(), b.T, "object: "+b.kind+"/web\naction: "+action)
	if err != nil {
		b.Fatal(err)
	}
	return out
}

func (b bench) object() *unstructured.Unstructured {
	b.Helper()
	object, err := b.cluster.Target.Get(b.Context(), kube.Ref{Kind: b.kind, Name: "web"})
	if err != nil {
		b.Fatal(err)
	}
	return object
}

func (b bench) image() string {
	b.Helper()
	containers, _, _ := unstructured.NestedSlice(b.object().Object, "spec", "template", "spec", "containers")
	return strings.TrimPrefix(containers[0].(map[string]any)["image"].(string), "registry.example/")
}

// running returns the images of the pods.
func (b bench) running() []string {
	b.Helper()
	pods, err := b.cluster.Target.List(b.Context(), kube.Ref{Kind: "pods", Labels: map[string]string{"app": "web"}})
	if err != nil {
		b.Fatal(err)
	}
	seen := map[string]bool{}
	var out []string
	for _, pod := range pods {
		containers, _, _ := unstructured.NestedSlice(pod.Object, "spec", "containers")
		image := strings.TrimPrefix(containers[0].(map[string]any)["image"].(string), "registry.example/")
		if pod.GetDeletionTimestamp() == nil && !seen[image] {
			seen[image] = true
			out = append(out, image)
		}
	}
	return out
}

func TestRestartAndUndo(t *testing.T) {
	for _, kind := range []string{"Deployment", "StatefulSet", "DaemonSet"} {
		t.Run(kind, func(t *testing.T) {
			b := bench{t, kubetest.New(t), kind}
			for version := 1; version <= 3; version++ {
				b.release(version)
			}
			out := b.do("undo")
			if out["fromRevision"] != 3 || out["revision"] != 4 || out["took"].(time.Duration) <= 0 {
				t.Errorf("outputs of undo are %v", out)
			}
			if diff := cmp.Diff([]string{"app:2"}, b.running()); diff != "" || b.image() != "app:2" {
				t.Errorf("after undo: %s, %s", b.image(), diff)
			}
			out = b.do("undo\ntoRevision: 1")
			if diff := cmp.Diff([]string{"app:1"}, b.running()); diff != "" || out["revision"] != 5 {
				t.Errorf("after undo to revision 1: %v, %s", out, diff)
			}
			out = b.do("restart")
			if out["fromRevision"] != 5 || out["revision"] != 6 {
				t.Errorf("outputs of restart are %v", out)
			}
			at, _, _ := unstructured.NestedString(b.object().Object, "spec", "template", "metadata", "annotations", "kubectl.kubernetes.io/restartedAt")
			if _, err := time.Parse(time.RFC3339, at); err != nil {
				t.Errorf("restartedAt is %q", at)
			}
			if out = b.do("restart"); out["revision"] != 7 {
				t.Errorf("outputs of a second restart within a second are %v", out)
			}
			if out = b.do("status"); out["fromRevision"] != 7 || out["revision"] != 7 {
				t.Errorf("outputs of status are %v", out)
			}
		})
	}
}

func TestUndoTakesAnnotationsAlong(t *testing.T) {
	b := bench{t, kubetest.New(t), "Deployment"}
	b.release(1)
	b.release(2)
	b.do("undo")
	if version := b.object().GetAnnotations()["version"]; version != "1" {
		t.Errorf("the annotation is %q after the undo", version)
	}
}

func TestPauseAndResume(t *testing.T) {
	b := bench{t, kubetest.New(t), "Deployment"}
	b.release(1)
	b.do("pause")
	b.cluster.Apply(t, workload("Deployment", 2))
	_, err := steptest.Use{Definition: rollout.New(b.cluster.Env), Run: b.cluster.Run}.Do(t.Context(), t, "object: deployment/web\naction: restart")
	if want := "deployment/web is paused, so a restart would not be carried out; resume it first"; err == nil || err.Error() != want || step.VerdictOf(err) != step.Errored {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	out := b.do("resume")
	if diff := cmp.Diff([]string{"app:2"}, b.running()); diff != "" {
		t.Errorf("after resume: %v, %s", out, diff)
	}
}

func TestVerdicts(t *testing.T) {
	c := kubetest.New(t)
	bench{t, c, "Deployment"}.release(1)
	c.Apply(t, workload("StatefulSet", 1))
	tests := []struct {
		body    string
		verdict step.Verdict
		want    string
	}{
		{"object: deployment/nothing\naction: restart", step.Failed, "deployment/nothing does not exist in namespace " + c.Target.Namespace},
		{"object: deployment/web\naction: undo", step.Failed, "deployment/web has no revision to go back to: there is only the present one"},
		{"object: deployment/web\naction: undo\ntoRevision: 7", step.Failed, "deployment/web has no revision 7; it has 1"},
		{"object: statefulset/web\naction: pause", step.Errored, "only the rollout of a Deployment can be paused, not that of a StatefulSet"},
		{"object: replicaset/web\naction: restart", step.Errored, "ReplicaSet has no rollouts; only a Deployment, DaemonSet or StatefulSet has"},
	}
	for _, tt := range tests {
		t.Run(tt.body, func(t *testing.T) {
			_, err := steptest.Use{Definition: rollout.New(c.Env), Run: c.Run}.Do(t.Context(), t, tt.body)
			if err == nil || step.VerdictOf(err) != tt.verdict || err.Error() != tt.want {
				t.Errorf("got  %v (%s)\nwant %s (%s)", err, step.VerdictOf(err), tt.want, tt.verdict)
			}
		})
	}
}

func TestBrokenRolloutEndsTheWaitEarly(t *testing.T) {
	b := bench{t, kubetest.New(t), "Deployment"}
	b.release(1)
	broken := strings.ReplaceAll(workload("Deployment", 2), "app:2", "does-not-exist:2")
	b.cluster.Apply(t, broken)
	_, err := steptest.Use{Definition: rollout.New(b.cluster.Env), Run: b.cluster.Run}.Do(t.Context(), t, "object: deployment/web\naction: status")
	if step.VerdictOf(err) != step.Failed || !strings.HasPrefix(err.Error(), "Deployment web will not become ready: Pod web-") {
		t.Errorf("error is %v", err)
	}
	if out := b.do("undo"); out["revision"] != 3 {
		t.Errorf("outputs of undo are %v", out)
	}
	if diff := cmp.Diff([]string{"app:1"}, b.running()); diff != "" {
		t.Error(diff)
	}
}
