package litmus_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/scenario-runner/scenario-runner/internal/testparts"
)

const backgroundScenario = `
apiVersion: scenario-runner/v1
kind: Scenario
metadata: {name: chaos-in-the-background}
steps:
- id: chaos
  background: true
  namespace: NAMESPACE
  injectChaos: {experiment: pod-delete, driver: litmus, target: deployment/web, duration: 2s}
- id: meanwhile
  namespace: NAMESPACE
  waitFor:
    objects: {kind: ChaosResult}
    until: any(objects, .status.experimentStatus.verdict == "Awaited")
    timeout: 1m
- assert:
    that:
    - steps.chaos.verdict == "Pass"
    - steps.chaos.proof == "observed"
`

// The step after one in the background sees the experiment while it goes on, and the assertion waits for its verdict.
func TestRunsInTheBackground(t *testing.T) {
	l := newLab(t)
	l.define(asIs)
	testparts.ChaosOperator(t, l.Kubeconfig)
	play(t, l.Cluster, script{})
	l.web()
	file := filepath.Join(t.TempDir(), "background.scenario.yaml")
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(backgroundScenario, "NAMESPACE", l.Target.Namespace)), 0o600); err != nil {
		t.Fatal(err)
	}
	output, err := l.program(t.TempDir())("run", file, "--kubeconfig", l.Kubeconfig).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	if left := l.left(); len(left) != 0 {
		t.Errorf("the run left %v\n%s", left, output)
	}
}
