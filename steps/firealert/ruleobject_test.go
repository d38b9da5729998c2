package firealert

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/engine/steptest"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/kubetest"
	"github.com/scenario-runner/scenario-runner/steps/prometheus"
)

// onCluster is a world in which rules are objects of a cluster.
type onCluster struct {
	*world
	cluster *kubetest.Cluster
	run     *step.Run
}

// newOnCluster returns a world on a cluster that knows the operator's objects, or does not.
func newOnCluster(t *testing.T, defined bool) *onCluster {
	t.Helper()
	w := &onCluster{world: newWorld(t), cluster: kubetest.New(t)}
	*w.cluster.Env.Settings() = *w.env.Settings()
	w.env = w.cluster.Env
	w.host = steptest.NewHost(t, append(kubetest.WithoutNamespaceWait(w.env.Undos()), Undos(w.env)...)...)
	run := *w.cluster.Run
	run.Host = w.host
	w.run = &run
	if defined {
		definition, err := os.ReadFile("testdata/prometheusrules.yaml")
		if err != nil {
			t.Fatal(err)
		}
		w.cluster.Apply(t, string(definition))
		w.cluster.Until(t, "customresourcedefinition/prometheusrules.monitoring.coreos.com", func(object *unstructured.Unstructured) bool {
			return object != nil && strings.Contains(string(mustYAML(t, object.Object)), "type: Established")
		})
	}
	return w
}

func (w *onCluster) do(t *testing.T, config string) (map[string]any, error) {
	t.Helper()
	return steptest.Use{Definition: New(w.env), Run: w.run}.Do(t.Context(), t, config)
}

func mustYAML(t *testing.T, value any) []byte {
	t.Helper()
	data, err := yaml.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// operate does what the Prometheus Operator does: it makes files of the objects that have a label, and has Prometheus read
// them. A definition may be established a moment before its objects are served, so it begins anew then.
func (w *onCluster) operate(ctx context.Context, t *testing.T, client prometheus.Client) (last error) {
	ref := kube.Ref{APIVersion: operatorVersion, Kind: ruleKind, Selector: "release=monitoring"}
	for ctx.Err() == nil {
		err := w.cluster.Target.WatchRef(ctx, ref, func(shot kube.Snapshot) (bool, error) {
			for _, object := range shot.Objects {
				file := filepath.Join(w.prometheus.RulesDir, object.GetNamespace()+"-"+object.GetName()+".yaml")
				if err := os.WriteFile(file, mustYAML(t, object.Object["spec"]), 0o600); err != nil {
					return false, err
				}
			}
			return false, client.Reload(ctx)
		})
		if ctx.Err() == nil {
			last = err
		}
		_ = pause(ctx, lookEvery)
	}
	return last
}

// TestRulesAreObjectsOfTheOperator makes the object, lets the alert fire by it, and takes both back.
func TestRulesAreObjectsOfTheOperator(t *testing.T) {
	w := newOnCluster(t, true)
	ctx, cancel := context.WithCancel(t.Context())
	operated := make(chan error, 1)
	client := w.client(t)
	go func() { operated <- w.operate(ctx, t, client) }()
	out, err := w.do(t, `
alertname: HighLatency
labels: {severity: critical}
annotations: {summary: slow}
rule: {every: 200ms, for: 500ms, object: {labels: {release: monitoring}, within: 20s}}
expect: {firing: 30s, notified: 30s, receivers: sut}
`)
	if err != nil {
		cancel()
		t.Fatal(err, <-operated)
	}
	if p := next(t, w.got); p.Status != "firing" || p.Alerts[0].Fingerprint != out["fingerprint"] {
		t.Errorf("got %+v, outputs %v", p, out)
	}
	objects, err := w.cluster.Target.List(t.Context(), kube.Ref{APIVersion: operatorVersion, Kind: ruleKind})
	if err != nil || len(objects) != 1 || objects[0].GetLabels()["release"] != "monitoring" || objects[0].GetLabels()[kube.RunLabel] == "" {
		t.Fatalf("objects are %v, %v", objects, err)
	}
	want := []string{"resolve the alert HighLatency of the PrometheusRule " + w.run.Scenario.Namespace + "/" + objects[0].GetName() + " at " + w.prometheus.URL}
	if diff := cmp.Diff(want, w.host.Open()); diff != "" {
		t.Errorf("ledger (-want +got):\n%s", diff)
	}
	if err := w.host.Close(); err != nil {
		t.Fatal(err)
	}
	if p := next(t, w.got); p.Status != "resolved" {
		t.Errorf("after the scenario: got %+v", p)
	}
	cancel()
	t.Log("the last error of the operator's part:", <-operated)
}

// TestWithoutAnOperatorNothingIsProved makes the object in another namespace, and takes it back.
func TestWithoutAnOperatorNothingIsProved(t *testing.T) {
	w := newOnCluster(t, true)
	_, err := w.do(t, `{alertname: A, rule: {object: {namespace: default, within: 1s}}}`)
	name := objectName(groupName(w.run.Scenario.ID, w.run.ID))
	want := "the PrometheusRule default/" + name + " is made, but Prometheus at " + w.prometheus.URL + " has not loaded it within 1s: " +
		"either no Prometheus Operator is running, or its Prometheus does not choose the rule by namespace and labels; see ruleSelector and ruleNamespaceSelector"
	if err == nil || err.Error() != want || step.VerdictOf(err) != step.Inconclusive {
		t.Errorf("got  %v (%s)\nwant %s", err, step.VerdictOf(err), want)
	}
	ref := kube.Ref{APIVersion: operatorVersion, Kind: ruleKind, Namespace: "default", Name: name}
	if _, err := w.cluster.Target.Get(t.Context(), ref); err != nil {
		t.Errorf("the object is not there: %v", err)
	}
	if err := w.host.Close(); err != nil {
		t.Fatal(err)
	}
	if left, err := w.cluster.Target.Get(t.Context(), ref); err == nil {
		t.Errorf("the object is left: %v", left)
	}
	w.clean(t)
}

// TestAClusterWithoutTheOperatorsObjects says what is missing.
func TestAClusterWithoutTheOperatorsObjects(t *testing.T) {
	w := newOnCluster(t, true)
	if _, err := w.cluster.Target.Delete(t.Context(), kube.Ref{
		APIVersion: "apiextensions.k8s.io/v1", Kind: "CustomResourceDefinition", Name: "prometheusrules.monitoring.coreos.com",
	}, kube.Deletion{}); err != nil {
		t.Fatal(err)
	}
	w.cluster.Until(t, "customresourcedefinition/prometheusrules.monitoring.coreos.com", func(object *unstructured.Unstructured) bool { return object == nil })
	_, err := w.do(t, `{alertname: A, rule: {object: {}}}`)
	want := "rule.object brings the rule by the Prometheus Operator: "
	if err == nil || !strings.HasPrefix(err.Error(), want) || !strings.Contains(err.Error(), "PrometheusRule") || step.VerdictOf(err) != step.Errored {
		t.Errorf("got %v (%s)", err, step.VerdictOf(err))
	}
}

func TestObjectMistakes(t *testing.T) {
	w := newWorld(t)
	for config, want := range map[string]string{
		`{alertname: A, rule: {dir: x, object: {}}}`:         `only one of dir, object can be given: a folder is for a Prometheus without the operator`,
		`{alertname: A, rule: {object: {namespace: "A b"}}}`: `"A b" is no name of a namespace`,
		`{alertname: A, rule: {labels: {a: b}}}`:             `these labels belong to a rule that is given by from; without it, write them under labels of the step`,
		`{alertname: A, expect: {receivers: a}}`:             `receivers means nothing without rule: only Prometheus takes an alert through its states`,
	} {
		if _, got := w.use(w.host).Compile(t, config); !strings.Contains(got, want) {
			t.Errorf("%s: got %s, want %s", config, got, want)
		}
	}
}

// TestRightsOfAnObject are those to apply it and, outside of the scenario's own namespace, to take it away.
func TestRightsOfAnObject(t *testing.T) {
	w := newWorld(t)
	task, problems := w.use(w.host).Compile(t, `{alertname: A, rule: {object: {namespace: monitoring}}}`)
	if problems != "" {
		t.Fatal(problems)
	}
	needer, ok := task.(step.Needer)
	if !ok {
		t.Fatalf("%T tells no rights", task)
	}
	rights := needer.Needs()
	if len(rights) == 0 || rights[0].Where != "monitoring" || !strings.HasPrefix(rights[0].What, "prometheusrules") || rights[0].Why != "bring a rule as a PrometheusRule" {
		t.Errorf("rights are %+v", rights)
	}
	task, _ = w.use(w.host).Compile(t, `{alertname: A}`)
	if rights := task.(step.Needer).Needs(); len(rights) > 0 {
		t.Errorf("an alert by the API needs %+v", rights)
	}
}
