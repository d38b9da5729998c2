package waitfor

import (
	"testing"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/steptest"
	"github.com/scenario-runner/scenario-runner/steps/assert"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/kubetest"
)

const asleep = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: asleep}
spec:
  replicas: 0
  selector: {matchLabels: {app: asleep}}
  template:
    metadata: {labels: {app: asleep}}
    spec: {containers: [{name: web, image: registry.example/web:1}]}
`

// TestAbsentFieldsAreZero reads fields that a real API server leaves out, because their values are zero.
func TestAbsentFieldsAreZero(t *testing.T) {
	c := kubetest.New(t)
	applied := c.Apply(t, asleep)
	if status, _ := applied.Object["status"].(map[string]any); status["availableReplicas"] != nil {
		t.Fatalf("the server writes zeros: %v", status)
	}
	out, err := use(c).Do(t.Context(), t, `
object: deployment/asleep
until: object.status.observedGeneration == 1 and object.status.availableReplicas == 0 and not (object.status.readyReplicas > 1)
failIf: object.status.unavailableReplicas > 0 or object.spec.paused or len(object.spec.template.spec.volumes) > 0
capture:
  ready: object.status.readyReplicas
  deleted: object.metadata.deletionTimestamp == nil
  node: object.spec.template.spec.nodeName
  first: get(object.spec.template.spec.containers[0].env, 0)
timeout: 1m
`)
	if err != nil {
		t.Fatal(err)
	}
	captured, _ := out["captured"].(map[string]any)
	for name, want := range map[string]any{"ready": 0, "deleted": true, "node": "", "first": nil} {
		if captured[name] != want {
			t.Errorf("%s is %#v, want %#v", name, captured[name], want)
		}
	}
	claims := use(c)
	claims.Definition = assert.New(c.Env)
	if _, err := claims.Do(t.Context(), t, `
given:
  web: deployment/asleep
  pods: {objects: {kind: pods, labels: {app: asleep}}}
  nobody: deployment/nobody
that:
  - web.status.readyReplicas == 0 and web.status.replicas < 1
  - web.metadata.annotations["deployment.kubernetes.io/revision"] == "1"
  - all(pods, .status.hostIP != "") and len(pods) == 0
  - nobody == nil and nobody?.status.readyReplicas == nil
`); err != nil {
		t.Error(err)
	}
	_, err = claims.Do(t.Context(), t, `{given: {nobody: deployment/nobody}, that: nobody.status.readyReplicas == 0}`)
	if want := `nobody.status.readyReplicas == 0: nobody is nothing, so it has no "status"`; err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

// TestOutputsHaveTheTypeOfTheKind names what later steps see.
func TestOutputsHaveTheTypeOfTheKind(t *testing.T) {
	for body, want := range map[string]map[string]eval.Kind{
		"deployment/web":            {"object": eval.Object, "objects": eval.List, "match": eval.Any},
		"{objects: {kind: pods}}":   {"object": eval.Any, "objects": eval.List, "match": eval.Object, "matched": eval.List},
		"widget/web":                {"object": eval.Any, "match": eval.Any},
		"{events: {for: pod/web}}":  {"match": eval.Object, "object": eval.Any},
		"deploy/${{ scenario.id }}": {"object": eval.Object},
		"${{ scenario.id }}/web":    {"object": eval.Any},
	} {
		got := outputsOf(t, body)
		for name, kind := range want {
			if f, _ := got.Field(name); f.Type.Kind != kind {
				t.Errorf("%s: %s is %s, want %s", body, name, f.Type.Kind, kind)
			}
		}
	}
	f, _ := outputsOf(t, "{objects: {kind: pods}}").Field("match")
	if _, ok := f.Type.Field("status"); !ok {
		t.Errorf("a pod has %v", f.Type.Names())
	}
}

func outputsOf(t *testing.T, body string) eval.Type {
	t.Helper()
	task, diags := steptest.Use{Definition: New(kube.NewEnv(kube.Options{}))}.Compile(t, body)
	if task == nil {
		t.Fatal(diags)
	}
	return task.Outputs()
}
