package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/steps/kube/kubetest"
)

const abortedStory = `apiVersion: scenario-runner/v1
kind: Scenario
metadata: {name: guarded, namespace: NAMESPACE}
safety:
  abort:
    - id: guard
      monitor: {object: configmap/settings, abortIf: object.data.mode == "broken"}
steps:
  - id: fault
    injectChaos: {experiment: config-corruption, target: configmap/settings, parameters: {key: mode, value: broken}}
  - id: story
    waitFor: {object: configmap/settings, until: object.data.mode == "healed", timeout: 1m}
finally:
  - id: evidence
    assert:
      given: {settings: {object: configmap/settings}}
      that: settings.data.mode == "slow"
`

// TestAbortIsToldAndUndone runs a guarded scenario on a real API server: the fault is gone before the finally block looks, and
// every report says that the scenario was aborted.
func TestAbortIsToldAndUndone(t *testing.T) {
	c := kubetest.New(t)
	c.Apply(t, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {mode: slow}\n")
	dir := t.TempDir()
	file := filepath.Join(dir, "guarded.scenario.yaml")
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(abortedStory, "NAMESPACE", c.Target.Namespace)), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("XDG_STATE_HOME", dir)
	args := []string{"run", "--config", "none", "--kubeconfig", c.Kubeconfig, "--color", "never", file, "--output", "text"}
	kinds := []string{"json", "junit", "html", "markdown", "github"}
	for _, kind := range kinds {
		args = append(args, "--output", kind+"="+filepath.Join(dir, "report."+kind))
	}
	var stdout, stderr bytes.Buffer
	if code := execute(t.Context(), args, streams{in: strings.NewReader(""), out: &stdout, err: &stderr}); code != exitFailed {
		t.Fatalf("exit code %d\n%s%s", code, &stdout, &stderr)
	}
	const told = "the scenario is aborted: abortIf is true: object.data.mode == "
	reports := map[string]string{"text": stdout.String()}
	for _, kind := range kinds {
		data, err := os.ReadFile(filepath.Join(dir, "report."+kind))
		if err != nil {
			t.Fatal(err)
		}
		reports[kind] = string(data)
	}
	for kind, text := range reports {
		if !strings.Contains(text, told) {
			t.Errorf("the %s report does not say that the scenario was aborted:\n%s", kind, text)
		}
	}
	var read struct {
		Scenarios []struct {
			Steps []struct{ ID, Verdict, Message string }
		}
	}
	if err := json.Unmarshal([]byte(reports["json"]), &read); err != nil || len(read.Scenarios) != 1 {
		t.Fatal(err, reports["json"])
	}
	got := map[string]string{}
	for _, s := range read.Scenarios[0].Steps {
		got[s.ID] = s.Verdict
		if s.ID == "story" || s.ID == "fault" {
			got[s.ID] += ", " + s.Message
		}
	}
	delete(got, "fault") // it may be proved or not when the guard speaks
	if story := got["story"]; story == "skipped, skipped because of guard" {
		got["story"] = "skipped, aborted because of guard" // it had not begun
	}
	want := map[string]string{"guard": "failed", "story": "skipped, aborted because of guard", "evidence": "passed"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s\n%s", d, reports["json"])
	}
}
