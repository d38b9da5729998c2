package kube_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/scenario-runner/scenario-runner/engine/plan"
	"github.com/scenario-runner/scenario-runner/engine/scenario"
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/kubetest"
)

// TestStudyComparesFilesWithACluster asks a real API server that has a custom kind which no file brings.
func TestStudyComparesFilesWithACluster(t *testing.T) {
	c := kubetest.New(t)
	group := c.Target.Namespace + ".example.com"
	c.Apply(t, `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: gauges.`+group+`}
spec:
  group: `+group+`
  names: {plural: gauges, singular: gauge, kind: Gauge}
  scope: Namespaced
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {level: {type: integer}}}}}}
`)
	env := kube.NewEnv(kube.Options{Kubeconfig: c.Kubeconfig})
	t.Cleanup(env.Close)
	study, err := env.Study(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if study.Kinds < 50 || study.Definitions < 1 || study.Unread != nil || !strings.Contains(study.Cluster, c.Kubeconfig) {
		t.Errorf("%+v", study)
	}
	for steps, want := range map[string]string{
		"- waitFor: {object: gauge/a, until: object.spec.level == 3}\n":                                           "",
		"- waitFor: {object: gauge/a, until: object.spec.levle == 3}\n":                                           `7:49: unknown field "levle" of object.spec; did you mean "level"? [unknown-field]`,
		"- waitFor: {object: gouge/a, until: object.spec.level == 3}\n":                                           `7:21: the server has no kind "gouge"; did you mean "gauge"? [missing-kind]`,
		"- deploy: {inline: {apiVersion: " + group + "/v1, kind: Gauge, metadata: {name: a}, spec: {levl: 3}}}\n": ` unknown field "levl" of spec; did you mean "level"? [manifest-field]`,
		"- deploy: {inline: {apiVersion: other.com/v1, kind: Balloon, metadata: {name: a}}}\n":                    `7:53: the server has no kind "Balloon" in other.com/v1; if it is a custom resource, apply its CustomResourceDefinition first [missing-kind]`,
		"- waitFor: {object: gouge/a, until: object.spec.level == 3}\n  cluster: east\n":                          "",
		"- run: helm install gouges\n- waitFor: {object: gouge/a, until: object.spec.level == 3}\n":               "",
	} {
		if got := strings.Join(warnings(t, env, "", steps), "\n"); got != want && (want == "" || !strings.HasSuffix(got, want)) {
			t.Errorf("%s\n got %s\nwant %s", steps, got, want)
		}
	}
}

func TestStudyOfAClusterThatDoesNotAnswer(t *testing.T) {
	env := kube.NewEnv(kube.Options{Kubeconfig: "testdata/nowhere"})
	if _, err := env.Study(t.Context()); err == nil || !strings.Contains(err.Error(), "testdata/nowhere: no such file; name a cluster with --kubeconfig FILE") {
		t.Error(err)
	}
}

// TestPlansCountWhatIsThere compares a plan with a namespace in which something runs.
func TestPlansCountWhatIsThere(t *testing.T) {
	c := kubetest.New(t)
	for manifest := range strings.SplitSeq(shop, "---\n") {
		c.Apply(t, strings.Replace(manifest, "  selector: {matchLabels", "  replicas: 3\n  selector: {matchLabels", 1))
	}
	c.Until(t, "deployment/web", func(o *unstructured.Unstructured) bool { return number(o, "status", "availableReplicas") == 3 })
	l, err := scenario.NewLoader(naming(c.Env), scenario.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s, diags := l.Load("a.scenario.yaml", []byte(`apiVersion: scenario-runner/v1
kind: Scenario
metadata: {name: a, namespace: `+c.Target.Namespace+`}
vars: {n: 2, name: web}
steps:
- scale: {object: deployment/web, replicas: "${{ vars.n }}"}
- injectChaos: {experiment: pod-delete, target: {kind: Deployment, name: web, percent: 50}}
- injectChaos: {experiment: scale-to-zero, target: {kind: Deployment, labels: {tier: front}}}
- delete: service/web
- rollout: {object: deployment/gone, action: restart}
- rollout: {object: 'deployment/${{ vars.name }}', action: pause}
- rollout: {object: deployment/web, action: status}
- delete: {objects: configmaps, all: true}
  namespace: no-such-namespace
- assert: {given: {web: deployment/web}, that: web.spec.replicas == 1}
`))
	if s == nil {
		t.Fatal(diags)
	}
	p := plan.Of(s, l.Registry())
	if err := p.Look(t.Context()); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, touch := range p.Touches {
		got = append(got, strings.Join([]string{string(touch.Effect), touch.Verb, touch.What, touch.Where, touch.Now}, "|"))
	}
	want := []string{
		"changes|scale|deployment/web to ${{ vars.n }}||3 pods",
		"breaks|pod-delete|half of the pods of deployment/web, at least 1||2 of 3 pods",
		"breaks|scale-to-zero|all of the workloads [tier=front]||1 of 1 workloads",
		"removes|delete|service/web||exists",
		"changes|restart|deployment/gone||no such object",
		"changes|pause|deployment/${{ vars.name }}||",
		"removes|delete|all configmaps|namespace no-such-namespace|0 objects",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if _, ok := s.Steps.Steps[6].Task.(step.Toucher); !ok {
		t.Error("looking at a status must be told to touch nothing")
	}
}
