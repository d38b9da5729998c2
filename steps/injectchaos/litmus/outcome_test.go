package litmus

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/scenario-runner/scenario-runner/steps/injectchaos/catalogue"
	"github.com/scenario-runner/scenario-runner/steps/injectchaos/driver"
)

func result(t *testing.T, text string) outcome {
	t.Helper()
	object := &unstructured.Unstructured{}
	if err := yaml.Unmarshal([]byte(text), &object.Object); err != nil {
		t.Fatal(err)
	}
	return read(object)
}

func TestReadsResults(t *testing.T) {
	third := result(t, `
metadata: {name: r, annotations: {pod/a: injected, pod/b: targeted, note: injected, pod/c: "no"}}
status:
  experimentStatus: {phase: Running, verdict: Awaited, probeSuccessPercentage: Awaited}
  history: {targets: [{name: a, kind: pod, chaosStatus: reverted}, {name: d, kind: pod, chaosStatus: ""}]}
  probeStatuses: [{name: p, type: k8sProbe, mode: SOT, status: {verdict: Passed}}]
`)
	want := outcome{
		name: "r", phase: "Running", verdict: "Awaited", targets: []hit{{"pod", "a", "reverted"}, {"pod", "b", "targeted"}},
		probes: []driver.Probe{{Name: "p", Type: "k8sProbe", Mode: "SOT", Verdict: "Passed"}},
	}
	if diff := cmp.Diff(want, third, cmp.AllowUnexported(outcome{}, hit{})); diff != "" {
		t.Error(diff)
	}
	second := result(t, `
metadata: {name: r}
status:
  experimentStatus: {phase: Completed, verdict: Fail, failStep: "Probe failed", probeSuccessPercentage: "50"}
  probeStatus:
  - {name: p, type: httpProbe, status: {PreChaos: "Passed 👍", PostChaos: "Better Luck Next Time 👎"}}
  - {name: q, type: httpProbe, status: {Continuous: "Passed 👍"}}
  - {name: w, type: httpProbe, status: {Continuous: "Awaited"}}
`)
	want = outcome{name: "r", phase: "Completed", verdict: "Fail", failStep: "Probe failed", percentage: 50, probes: []driver.Probe{
		{Name: "p", Type: "httpProbe", Mode: "PostChaos,PreChaos", Verdict: "Failed", Description: "PostChaos: Better Luck Next Time 👎; PreChaos: Passed 👍"},
		{Name: "q", Type: "httpProbe", Mode: "Continuous", Verdict: "Passed", Description: "Continuous: Passed 👍"},
		{Name: "w", Type: "httpProbe", Mode: "Continuous", Verdict: "Awaited", Description: "Continuous: Awaited"},
	}}
	if diff := cmp.Diff(want, second, cmp.AllowUnexported(outcome{}, hit{})); diff != "" {
		t.Error(diff)
	}
	if third.final() || !second.final() {
		t.Errorf("final: %t %t", third.final(), second.final())
	}
}

func settingsOf(t *testing.T, name string, given map[string]any, duration, interval time.Duration) (map[string]string, error) {
	t.Helper()
	experiment, _ := catalogue.Get(name)
	values, mistakes := experiment.Check(given)
	if len(mistakes) > 0 {
		t.Fatal(mistakes)
	}
	return environment(driver.Request{Experiment: experiment, Parameters: values, Duration: duration, Interval: interval}, Config{SocketPath: "/s"})
}

func TestParametersBecomeSettings(t *testing.T) {
	tests := []struct {
		name               string
		given              map[string]any
		duration, interval time.Duration
		want               map[string]string
	}{
		{"pod-delete", map[string]any{"gracePeriod": "0s"}, 0, 0, map[string]string{"TOTAL_CHAOS_DURATION": "1", "CHAOS_INTERVAL": "1", "FORCE": "true"}},
		{"pod-delete", nil, time.Minute, 10 * time.Second, map[string]string{"TOTAL_CHAOS_DURATION": "60", "CHAOS_INTERVAL": "10"}},
		{"container-kill", map[string]any{"container": "app"}, 5 * time.Second, 0, map[string]string{"TOTAL_CHAOS_DURATION": "5", "CHAOS_INTERVAL": "5", "TARGET_CONTAINER": "app", "SIGNAL": "SIGKILL", "LIB_IMAGE": usualImage, "SOCKET_PATH": "/s"}},
		{"pod-cpu-hog", nil, 0, 0, map[string]string{"TOTAL_CHAOS_DURATION": "86400", "CPU_CORES": "1", "CPU_LOAD": "100", "LIB_IMAGE": usualImage, "SOCKET_PATH": "/s"}},
		{"pod-memory-hog", nil, time.Second, 0, map[string]string{"TOTAL_CHAOS_DURATION": "1", "MEMORY_CONSUMPTION": "500", "NUMBER_OF_WORKERS": "1", "LIB_IMAGE": usualImage, "SOCKET_PATH": "/s"}},
		{"pod-io-stress", nil, time.Second, 0, map[string]string{"TOTAL_CHAOS_DURATION": "1", "FILESYSTEM_UTILIZATION_PERCENTAGE": "10", "NUMBER_OF_WORKERS": "4", "LIB_IMAGE": usualImage, "SOCKET_PATH": "/s"}},
		{"disk-fill", nil, time.Second, 0, map[string]string{"TOTAL_CHAOS_DURATION": "1", "FILL_PERCENTAGE": "80", "LIB_IMAGE": usualImage, "SOCKET_PATH": "/s"}},
		{
			"pod-network-latency",
			map[string]any{"destinations": "10.0.0.1, 10.1.0.0/16,db.shop"},
			time.Second, 0,
			map[string]string{"TOTAL_CHAOS_DURATION": "1", "NETWORK_LATENCY": "2000", "JITTER": "0", "DESTINATION_IPS": "10.0.0.1,10.1.0.0/16", "DESTINATION_HOSTS": "db.shop", "LIB_IMAGE": usualImage, "SOCKET_PATH": "/s"},
		},
		{"pod-network-loss", nil, time.Second, 0, map[string]string{"TOTAL_CHAOS_DURATION": "1", "NETWORK_PACKET_LOSS_PERCENTAGE": "100", "LIB_IMAGE": usualImage, "SOCKET_PATH": "/s"}},
		{"pod-network-partition", map[string]any{"direction": "egress"}, time.Second, 0, map[string]string{"TOTAL_CHAOS_DURATION": "1", "POLICY_TYPES": "egress"}},
		{"dns-failure", map[string]any{"destinations": "db.shop"}, time.Second, 0, map[string]string{"TOTAL_CHAOS_DURATION": "1", "TARGET_HOSTNAMES": `["db.shop"]`, "LIB_IMAGE": usualImage, "SOCKET_PATH": "/s"}},
		{"node-drain", map[string]any{"force": true, "deleteEmptyDir": true}, time.Second, 0, map[string]string{"TOTAL_CHAOS_DURATION": "1"}},
		{"node-taint", nil, time.Second, 0, map[string]string{"TOTAL_CHAOS_DURATION": "1", "TAINTS": "scenario-runner.dev/chaos=:NoSchedule"}},
		{"node-memory-hog", nil, time.Second, 0, map[string]string{"TOTAL_CHAOS_DURATION": "1", "MEMORY_CONSUMPTION_PERCENTAGE": "30", "LIB_IMAGE": usualImage, "SOCKET_PATH": "/s"}},
	}
	for _, tt := range tests {
		got, err := settingsOf(t, tt.name, tt.given, tt.duration, tt.interval)
		tt.want["SEQUENCE"], tt.want["STATUS_CHECK_DELAY"] = "parallel", "1"
		if tt.want["LIB_IMAGE"] != "" {
			tt.want["LIB_IMAGE_PULL_POLICY"] = "IfNotPresent"
		}
		if diff := cmp.Diff(tt.want, got); diff != "" || err != nil {
			t.Errorf("%s: %v %s", tt.name, err, diff)
		}
	}
}

func TestWhatLitmusCannotDoIsSaid(t *testing.T) {
	tests := []struct {
		name     string
		given    map[string]any
		duration time.Duration
		want     string
	}{
		{"pod-delete", map[string]any{"gracePeriod": "10s"}, 0, "Litmus can't give pods a grace period of 10s; leave gracePeriod out for their own, or give 0s to kill them"},
		{"node-drain", nil, 0, "Litmus's node-drain takes pods without a controller and emptyDir volumes with it, whatever is asked; allow that with force: true and deleteEmptyDir: true, or use driver: builtin"},
		{"disk-fill", nil, 1500 * time.Millisecond, "Litmus counts in whole seconds, found 1.5s; give whole seconds"},
	}
	for _, tt := range tests {
		if _, err := settingsOf(t, tt.name, tt.given, tt.duration, 0); err == nil || err.Error() != tt.want {
			t.Errorf("got  %v\nwant %s", err, tt.want)
		}
	}
}

// Every parameter of every experiment that Litmus is said to do must have a setting there.
func TestEveryExperimentOfLitmusIsMapped(t *testing.T) {
	for _, name := range catalogue.By(catalogue.Litmus) {
		given := map[string]any{}
		experiment, _ := catalogue.Get(name)
		for _, p := range experiment.Parameters {
			switch {
			case p.Type == catalogue.Switch:
				given[p.Name] = true
			case p.Name == "gracePeriod":
				given[p.Name] = "0s"
			case p.Default == nil && p.Type == catalogue.Text:
				given[p.Name] = "some"
			}
		}
		if _, err := settingsOf(t, name, given, time.Second, 0); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if len(rights(experiment)) < 6 {
			t.Errorf("%s has no rights", name)
		}
	}
}
