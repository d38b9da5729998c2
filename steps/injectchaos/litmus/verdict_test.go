package litmus_test

import (
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/internal/testparts"
)

// engineName matches the part of an engine's name that is made up.
var engineName = regexp.MustCompile(`(pod-[a-z-]*|node-[a-z-]*)-[a-z0-9]{5}\b`)

func probe(name, verdict, description string) map[string]any {
	return map[string]any{"name": name, "type": "httpProbe", "mode": "EOT", "status": map[string]any{"verdict": verdict, "description": description}}
}

func TestVerdictsOfLitmus(t *testing.T) {
	l := newLab(t)
	l.define(asIs)
	testparts.ChaosOperator(t, l.Kubeconfig)
	r := play(t, l.Cluster, script{})
	l.web()
	tests := []struct {
		name    string
		with    script
		verdict step.Verdict
		want    string
		output  string
	}{
		{
			"fail",
			script{verdict: "Fail", phase: "Completed_With_Probe_Failure", probes: []any{probe("answers", "Failed", "status 503")}, more: map[string]any{
				"probeSuccessPercentage": "0", "errorOutput": map[string]any{"errorCode": "HTTP_PROBE_ERROR", "reason": "probe answers failed"},
			}},
			step.Failed, "LitmusChaos's verdict on pod-delete is Fail: HTTP_PROBE_ERROR: probe answers failed", "Fail",
		},
		{
			"fail of Litmus 2",
			script{verdict: "Fail", old: true, more: map[string]any{"failStep": "Verify that the AUT is running"}},
			step.Failed, "LitmusChaos's verdict on pod-delete is Fail: Verify that the AUT is running", "Fail",
		},
		{
			"error",
			script{verdict: "Error", phase: "Error", more: map[string]any{"errorOutput": map[string]any{"reason": "no pod found"}}},
			step.Errored, "LitmusChaos's verdict on pod-delete is Error: no pod found", "Error",
		},
		{"stopped", script{verdict: "Stopped", phase: "Stopped"}, step.Inconclusive, "LitmusChaos's verdict on pod-delete is Stopped: somebody ended it before its time", "Stopped"},
		{"nothing hit", script{idle: true}, step.Inconclusive, "the fault was never seen: Litmus's verdict is Pass, but not all of POD were seen hit", "Pass"},
		{"no verdict", script{undecided: true}, step.Errored, "the ChaosEngine ENGINE is over without a verdict: ChaosResult ENGINE-pod-delete is in phase Running, its verdict is Awaited", "Awaited"},
		{"deleted", script{vanish: true}, step.Errored, "the ChaosEngine ENGINE was deleted by somebody while the experiment ran", "Awaited"},
		{"image", script{stuck: "ImagePullBackOff"}, step.Errored, "pod ENGINE-runner of the experiment can't start: ImagePullBackOff: the image is not there", "Awaited"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r.with = tt.with
			out, err := l.inject("experiment: pod-delete\ndriver: litmus\ntarget: deployment/web\nduration: 1s")
			if err == nil {
				t.Fatalf("no error; outputs are %v", out)
			}
			got := err.Error()
			if engine, _ := out["engine"].(string); engine != "" {
				got = strings.ReplaceAll(got, engine, "ENGINE")
			}
			for _, target := range out["targets"].([]any) {
				got = strings.ReplaceAll(got, target.(map[string]any)["name"].(string), "POD")
			}
			if got != tt.want || step.VerdictOf(err) != tt.verdict || out["verdict"] != tt.output {
				t.Errorf("got  %s (%s, output %s)\nwant %s (%s, output %s)", got, step.VerdictOf(err), out["verdict"], tt.want, tt.verdict, tt.output)
			}
			if tt.name == "fail" {
				checkStory(t, out, err)
			}
		})
	}
	if err := l.Host.Close(); err != nil {
		t.Fatal(err)
	}
	if left := l.left(); len(left) != 0 {
		t.Errorf("the undo left %v", left)
	}
}

// checkStory looks for what Litmus knows in the failure and in the outputs.
func checkStory(t *testing.T, out map[string]any, err error) {
	t.Helper()
	failure, ok := errors.AsType[*step.Failure](err)
	if !ok {
		t.Fatalf("%T is no failure", err)
	}
	facts := map[string]string{}
	for _, fact := range failure.Facts {
		facts[fact.Name] = fact.Value
	}
	delete(facts, "engine")
	want := map[string]string{"phase": "Completed_With_Probe_Failure", "verdict": "Fail", "proof": "observed", "failStep": "HTTP_PROBE_ERROR: probe answers failed", "probeSuccessPercentage": "0"}
	if diff := cmp.Diff(want, facts); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(step.Section{Title: "Litmus probes", Lines: []string{"answers (httpProbe, EOT): Failed: status 503"}}, failure.Sections[0]); diff != "" {
		t.Error(diff)
	}
	var titles []string
	for _, section := range failure.Sections[1:] {
		titles = append(titles, engineName.ReplaceAllString(section.Title, "$1-x"))
	}
	if !strings.Contains(strings.Join(titles, ","), "events") || !strings.Contains(strings.Join(titles, ","), "last lines of pod pod-delete-x-runner") {
		t.Errorf("the sections are %v", titles)
	}
	probes := []any{map[string]any{"name": "answers", "type": "httpProbe", "mode": "EOT", "verdict": "Failed", "description": "status 503"}}
	if diff := cmp.Diff(probes, out["probes"]); diff != "" || out["failStep"] != facts["failStep"] {
		t.Errorf("outputs are %v: %s", out, diff)
	}
}
