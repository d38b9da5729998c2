package deploy_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/engine/steptest"
	"github.com/scenario-runner/scenario-runner/steps/deploy"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/kubetest"
)

const limited = `
inline:
  apiVersion: v1
  kind: LimitRange
  metadata: {name: small}
  spec: {limits: [{type: Container, max: {memory: 64Mi}}]}
`

const large = `
inline:
  apiVersion: v1
  kind: Pod
  metadata: {name: large}
  spec:
    containers: [{name: app, image: "registry.example/app:1", resources: {limits: {memory: 1Gi}}}]
`

func TestRefusedObjectsAreNotStored(t *testing.T) {
	c := kubetest.New(t)
	use := steptest.Use{Definition: deploy.New(c.Env), Run: c.Run}
	if _, err := use.Do(t.Context(), t, limited); err != nil {
		t.Fatal(err)
	}
	out, err := use.Do(t.Context(), t, large+"refused: maximum memory usage per Container is 64Mi")
	if err != nil {
		t.Fatal(err)
	}
	said := out["refusals"].([]any)
	if len(said) != 1 || !strings.Contains(said[0].(string), `pods "large" is forbidden: maximum memory usage per Container is 64Mi, but limit is 1Gi`) {
		t.Errorf("refusals are %v", said)
	}
	if out["count"] != 0 || out["ready"] != false {
		t.Errorf("outputs are %v", out)
	}
	if _, err := c.Target.Get(t.Context(), kube.Ref{Kind: "pod", Name: "large"}); !kube.IsNotFound(err) {
		t.Errorf("the pod: %v", err)
	}
}

func TestRefusalsThatAreNone(t *testing.T) {
	c := kubetest.New(t)
	use := steptest.Use{Definition: deploy.New(c.Env), Run: c.Run}
	small := strings.ReplaceAll(large, "1Gi", "32Mi")
	tests := []struct {
		name, body string
		verdict    step.Verdict
		want       string
	}{
		{"accepted", small + "refused: maximum memory", step.Failed, `the server would take pod/large, but should refuse it with "maximum memory"`},
		{
			"another reason", strings.ReplaceAll(small, "name: large", "name: La_rge") + "refused: maximum memory", step.Failed,
			`pod/La_rge is refused for another reason than "maximum memory": Pod "La_rge" is invalid: metadata.name: Invalid value: "La_rge": `,
		},
		{"no such namespace", strings.ReplaceAll(small, "name: large", "name: large, namespace: no-such-place") + "refused: maximum memory", step.Errored, `inline[0]: apply Pod large in namespace no-such-place: `},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := use.Do(t.Context(), t, tt.body)
			if step.VerdictOf(err) != tt.verdict || err == nil || !strings.HasPrefix(err.Error(), tt.want) {
				t.Errorf("got  %v (%s)\nwant %s (%s)", err, step.VerdictOf(err), tt.want, tt.verdict)
			}
			if _, err := c.Target.Get(t.Context(), kube.Ref{Kind: "pod", Name: "large"}); !kube.IsNotFound(err) {
				t.Errorf("the pod: %v", err)
			}
		})
	}
}

func TestRefusedLeavesNothingToWaitForOrTakeBack(t *testing.T) {
	use := steptest.Use{Definition: deploy.New(kube.NewEnv(kube.Options{}))}
	_, diags := use.Compile(t, large[1:]+"refused: maximum memory\nwaitReady: true\ntolerate: quota\nundo: keep")
	want := `step.yaml:8:12: waitReady means nothing beside refused: the objects are only sent for a check, and none is stored [invalid-value]
step.yaml:9:11: tolerate means nothing beside refused: the objects are only sent for a check, and none is stored [invalid-value]
step.yaml:10:7: undo means nothing beside refused: the objects are only sent for a check, and none is stored [invalid-value]
`
	if diff := cmp.Diff(want, heads(diags)); diff != "" {
		t.Error(diff)
	}
}
