package litmus_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/scenario-runner/scenario-runner/steps/injectchaos/litmus"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

// plainTimes matches the definitions of the times that Litmus 2 counts in numbers.
var plainTimes = regexp.MustCompile(`((?:probeTimeout|interval|probePollingInterval|initialDelay):\n\s+type: )string`)

func allProbes() []litmus.Probe {
	compare := litmus.Compare{Type: "int", Criteria: ">=", Value: "1"}
	return []litmus.Probe{
		{Name: "answers", Mode: "Continuous", HTTP: &litmus.HTTPProbe{URL: "http://web"}, Timeout: 3 * time.Second, PollingInterval: 2 * time.Second, StopOnFailure: true},
		{Name: "posts", Mode: "Edge", HTTP: &litmus.HTTPProbe{URL: "http://web", Body: "{}", Status: "201"}, InitialDelay: time.Second},
		{Name: "there", Mode: "EOT", K8s: &litmus.K8sProbe{Version: "v1", Resource: "pods", LabelSelector: "app=web"}, Attempts: 3},
		{Name: "says", Mode: "SOT", Cmd: &litmus.CmdProbe{Command: "echo 1", Image: "busybox", Compare: litmus.Compare{Criteria: "contains", Value: "1"}}},
		{Name: "measures", Mode: "OnChaos", Prom: &litmus.PromProbe{Endpoint: "http://prometheus:9090", Query: "up", Compare: compare}},
	}
}

const thirdEngine = `
appinfo: {}
chaosServiceAccount: ENGINE
components: {runner: {image: runner:1, resources: {}}}
engineState: active
jobCleanUpPolicy: delete
selectors: {pods: [{namespace: NAMESPACE, names: POD}]}
experiments:
- name: pod-memory-hog
  spec:
    components:
      env:
      - {name: CONTAINER_RUNTIME, value: crio}
      - {name: LIB_IMAGE, value: "experiments:1"}
      - {name: LIB_IMAGE_PULL_POLICY, value: IfNotPresent}
      - {name: MEMORY_CONSUMPTION, value: "500"}
      - {name: NUMBER_OF_WORKERS, value: "1"}
      - {name: PODS_AFFECTED_PERC, value: "100"}
      - {name: RAMP_TIME, value: "5"}
      - {name: SEQUENCE, value: parallel}
      - {name: STATUS_CHECK_DELAY, value: "1"}
      - {name: TARGET_PODS, value: POD}
      - {name: TOTAL_CHAOS_DURATION, value: "2"}
      resources: {}
      statusCheckTimeouts: {}
    probe:
    - name: answers
      type: httpProbe
      mode: Continuous
      httpProbe/inputs: {url: http://web, method: {get: {criteria: ==, responseCode: "200"}}}
      runProperties: {probeTimeout: 3s, interval: 1s, attempt: 1, probePollingInterval: 2s, stopOnFailure: true}
    - name: posts
      type: httpProbe
      mode: Edge
      httpProbe/inputs: {url: http://web, method: {post: {contentType: application/json, body: "{}", criteria: ==, responseCode: "201"}}}
      runProperties: {probeTimeout: 5s, interval: 1s, attempt: 1, initialDelay: 1s}
    - name: there
      type: k8sProbe
      mode: EOT
      k8sProbe/inputs: {version: v1, resource: pods, namespace: NAMESPACE, labelSelector: app=web, operation: present}
      runProperties: {probeTimeout: 5s, interval: 1s, attempt: 3}
    - name: says
      type: cmdProbe
      mode: SOT
      cmdProbe/inputs: {command: echo 1, comparator: {type: string, criteria: contains, value: "1"}, source: {image: busybox}}
      runProperties: {probeTimeout: 5s, interval: 1s, attempt: 1}
    - name: measures
      type: promProbe
      mode: OnChaos
      promProbe/inputs: {endpoint: "http://prometheus:9090", query: up, comparator: {criteria: ">=", value: "1"}}
      runProperties: {probeTimeout: 5s, interval: 1s, attempt: 1, probePollingInterval: 1s}
`

const secondEngine = `
annotationCheck: "false"
appinfo: {appns: NAMESPACE, appkind: deployment, applabel: app=web}
chaosServiceAccount: ENGINE
components: {runner: {resources: {}}}
engineState: active
jobCleanUpPolicy: retain
experiments:
- name: pod-memory-hog
  spec:
    components:
      env:
      - {name: LIB_IMAGE, value: "litmuschaos/go-runner:3.0.0"}
      - {name: LIB_IMAGE_PULL_POLICY, value: IfNotPresent}
      - {name: MEMORY_CONSUMPTION, value: "500"}
      - {name: NUMBER_OF_WORKERS, value: "1"}
      - {name: PODS_AFFECTED_PERC, value: "34"}
      - {name: SEQUENCE, value: parallel}
      - {name: STATUS_CHECK_DELAY, value: "1"}
      - {name: TARGET_PODS, value: POD}
      - {name: TOTAL_CHAOS_DURATION, value: "2"}
      resources: {}
      statusCheckTimeouts: {}
    probe:
    - name: posts
      type: httpProbe
      mode: Edge
      httpProbe/inputs: {url: http://web, method: {post: {contentType: application/json, body: "{}", criteria: ==, responseCode: "201"}}}
      runProperties: {probeTimeout: 5, interval: 1, retry: 1, initialDelaySeconds: 1}
`

// engineOf injects a fault whose engine nobody takes up, and returns the engine's spec with what is made up taken out.
func (l *lab) engineOf(config litmus.Config) string {
	l.t.Helper()
	other := l.on(litmus.ImpatientUndos(l.Env, time.Second))
	fault, err := other.plan(config, "pod-memory-hog", "deployment/web", 2*time.Second)
	if err != nil {
		l.t.Fatal(err)
	}
	if err := fault.Inject(l.ctx); err != nil {
		l.t.Fatal(err)
	}
	name := fault.Result().Reference
	engine, err := l.Target.Get(l.ctx, kube.Ref{APIVersion: litmusVersion, Kind: "ChaosEngine", Name: name})
	if err != nil {
		l.t.Fatal(err)
	}
	content, err := yaml.Marshal(engine.Object["spec"])
	if err != nil {
		l.t.Fatal(err)
	}
	if err := other.Host.Close(); err != nil {
		l.t.Fatal(err)
	}
	return strings.NewReplacer(name, "ENGINE", fault.Targets()[0].Name, "POD", l.Target.Namespace, "NAMESPACE").Replace(string(content))
}

func same(t *testing.T, want, got string) {
	t.Helper()
	var a, b map[string]any
	if err := yaml.Unmarshal([]byte(want), &a); err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal([]byte(got), &b); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(a, b); diff != "" {
		t.Error(diff)
	}
}

func TestEngines(t *testing.T) {
	l := newLab(t)
	l.define(asIs)
	l.web()
	same(t, thirdEngine, l.engineOf(litmus.Config{
		Image: "experiments:1", RunnerImage: "runner:1", ContainerRuntime: "crio", JobCleanUpPolicy: "delete",
		Env: map[string]string{"RAMP_TIME": "5"}, Probes: allProbes(),
	}))
	experiment, err := l.Target.Get(l.ctx, kube.Ref{APIVersion: litmusVersion, Kind: "ChaosExperiment", Name: "pod-memory-hog"})
	if err != nil {
		t.Fatal(err)
	}
	if image, _, _ := unstructured.NestedString(experiment.Object, "spec", "definition", "image"); image != "experiments:1" {
		t.Errorf("the image is %q", image)
	}
	l.define(func(text string) string {
		return strings.ReplaceAll(plainTimes.ReplaceAllString(text, "${1}integer"), " initialDelay:", " initialDelaySeconds:")
	})
	same(t, secondEngine, l.engineOf(litmus.Config{Probes: allProbes()[1:2]}))
	_, err = l.plan(litmus.Config{}, "pod-memory-hog", "pods", time.Second)
	want := "Litmus 2 can't be held to single pods: when one is gone it takes any other of the namespace; name a Deployment, StatefulSet or DaemonSet as the target"
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	l.define(asIs)
}
