package litmus_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/scenario-runner/scenario-runner/internal/testparts"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/kubetest"
)

const killedScenario = `
apiVersion: scenario-runner/v1
kind: Scenario
metadata: {name: killed-in-the-middle}
steps:
- id: hog
  namespace: NAMESPACE
  injectChaos: {experiment: pod-memory-hog, driver: litmus, target: deployment/web}
- sleep: {for: 5m}
- assert: {that: [steps.hog.verdict == "Pass"]}
`

// The program is killed between two steps while the experiment goes on; another one cleans up.
func TestKilledRunIsCleanedUp(t *testing.T) {
	l := newLab(t)
	l.define(asIs)
	testparts.ChaosOperator(t, l.Kubeconfig)
	play(t, l.Cluster, script{lasting: true})
	l.web()
	file := filepath.Join(t.TempDir(), "killed.scenario.yaml")
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(killedScenario, "NAMESPACE", l.Target.Namespace)), 0o600); err != nil {
		t.Fatal(err)
	}
	state := t.TempDir()
	program := l.program(state)
	var output bytes.Buffer
	run := program("run", file, "--kubeconfig", l.Kubeconfig)
	run.Stdout, run.Stderr = &output, &output
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	ctx, cancel := context.WithCancel(l.ctx)
	go func() {
		defer close(ended)
		defer cancel() // nobody waits for what a run does that is over
		_ = run.Wait()
	}()
	err := l.Target.WatchRef(ctx, kube.Ref{APIVersion: litmusVersion, Kind: "ChaosResult"}, func(shot kube.Snapshot) (bool, error) {
		return len(shot.Objects) == 1 && strings.Contains(strings.Join(marks(shot.Objects[0]), ","), "injected"), nil
	})
	_ = run.Process.Kill() // nothing of it may run when its output is read
	<-ended
	if err != nil {
		t.Fatalf("%v\n%s", err, output.String())
	}
	if left := l.left(); len(left) == 0 {
		t.Fatal("there is nothing to clean up")
	}
	cleanup, err := program("cleanup", "--all").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, cleanup)
	}
	if left := l.left(); len(left) != 0 {
		t.Errorf("cleanup left %v\n%s", left, cleanup)
	}
	if roles := l.names(kube.Ref{APIVersion: "rbac.authorization.k8s.io/v1", Kind: "Role"}); len(roles) != 0 {
		t.Errorf("cleanup left the roles %v\n%s", roles, cleanup)
	}
}

func marks(object *unstructured.Unstructured) []string {
	var out []string
	for _, value := range object.GetAnnotations() {
		out = append(out, value)
	}
	return out
}

// program returns how to start the program that `make build` made, with a state folder of its own.
func (l *lab) program(state string) func(...string) *exec.Cmd {
	l.t.Helper()
	binary, err := kubetest.Binary("scenario-runner")
	if err != nil {
		l.t.Fatal(err)
	}
	return func(args ...string) *exec.Cmd {
		command := exec.CommandContext(l.ctx, binary, args...)
		command.Env = append(os.Environ(), "XDG_STATE_HOME="+state, "HOME="+state)
		command.Dir = state
		command.WaitDelay = time.Second
		return command
	}
}
