package litmus_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/scenario-runner/scenario-runner/internal/testparts"
	"github.com/scenario-runner/scenario-runner/steps/injectchaos/catalogue"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/kubetest"
)

const killedScenario = `
apiVersion: scenario-runner/v1
kind: Scenario
metadata: {name: killed-in-the-middle}
steps:
- id: fault
  namespace: NAMESPACE
  injectChaos: {experiment: EXPERIMENT, driver: litmus, target: TARGET, duration: 10m, litmus: {install: true}PARAMETERS}
  timeout: 20m
- assert: {that: [steps.fault.verdict == "Pass"]}
`

// TestKilledRunIsCleanedUp kills the program in the middle of every experiment that LitmusChaos can do; another one cleans
// up. An experiment that comes to the catalogue is killed as well.
func TestKilledRunIsCleanedUp(t *testing.T) {
	first := newLab(t)
	first.define(asIs)
	testparts.ChaosOperator(t, first.Kubeconfig)
	for _, name := range catalogue.By(catalogue.Litmus) {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			play(t, l.Cluster, script{lasting: true})
			l.web()
			l.killDuring(name)
		})
	}
}

// killDuring kills a run once the experiment is seen to have hit, and wants nothing to be left after the cleanup.
func (l *lab) killDuring(name string) {
	l.t.Helper()
	experiment, _ := catalogue.Get(name)
	target, parameters := "deployment/web", ""
	if experiment.Scope == catalogue.Nodes {
		target = "node/" + l.node()
	}
	if name == "node-drain" {
		parameters = ", parameters: {force: true, deleteEmptyDir: true}"
	}
	before := l.clusterRoles()
	file := filepath.Join(l.t.TempDir(), "killed.scenario.yaml")
	text := strings.NewReplacer("NAMESPACE", l.Target.Namespace, "EXPERIMENT", name, "TARGET", target, "PARAMETERS", parameters).Replace(killedScenario)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		l.t.Fatal(err)
	}
	program := l.program(l.t.TempDir())
	l.killed(program("run", file, "--kubeconfig", l.Kubeconfig))
	if left := l.left(); len(left) == 0 {
		l.t.Fatal("there is nothing to clean up")
	}
	cleanup, err := program("cleanup", "--all").CombinedOutput()
	if err != nil {
		l.t.Fatalf("%v\n%s", err, cleanup)
	}
	if left := l.left(); len(left) != 0 {
		l.t.Errorf("cleanup left %v\n%s", left, cleanup)
	}
	if roles := l.names(kube.Ref{APIVersion: "rbac.authorization.k8s.io/v1", Kind: "Role"}); len(roles) != 0 {
		l.t.Errorf("cleanup left the roles %v\n%s", roles, cleanup)
	}
	if diff := cmp.Diff(before, l.clusterRoles()); diff != "" {
		l.t.Errorf("cleanup left cluster roles:\n%s", diff)
	}
}

// killed runs the program until the experiment has hit something, and kills it.
func (l *lab) killed(run *exec.Cmd) {
	l.t.Helper()
	var output bytes.Buffer
	run.Stdout, run.Stderr = &output, &output
	if err := run.Start(); err != nil {
		l.t.Fatal(err)
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
		l.t.Fatalf("%v\n%s", err, output.String())
	}
}

// node makes a node that nobody else uses.
func (l *lab) node() string {
	l.t.Helper()
	name := l.Target.Namespace + "-node"
	l.Apply(l.t, "apiVersion: v1\nkind: Node\nmetadata: {name: "+name+", annotations: {kwok.x-k8s.io/node: fake}}\nspec: {taints: [{key: litmus, value: test, effect: NoSchedule}]}\n")
	l.Until(l.t, "node/"+name, func(o *unstructured.Unstructured) bool {
		conditions, _, _ := unstructured.NestedSlice(o.Object, "status", "conditions")
		return slices.ContainsFunc(conditions, func(c any) bool {
			entry := c.(map[string]any)
			return entry["type"] == "Ready" && entry["status"] == "True"
		})
	})
	l.t.Cleanup(func() {
		_, _ = l.Target.Delete(context.WithoutCancel(l.ctx), kube.Ref{APIVersion: "v1", Kind: "Node", Name: name}, kube.Deletion{Change: kube.Change{Keep: true}})
	})
	return name
}

// clusterRoles names the cluster roles and their bindings that runs made.
func (l *lab) clusterRoles() []string {
	l.t.Helper()
	var out []string
	for _, kind := range []string{"ClusterRole", "ClusterRoleBinding"} {
		objects, err := l.Target.List(l.ctx, kube.Ref{APIVersion: "rbac.authorization.k8s.io/v1", Kind: kind, Selector: kube.RunLabel})
		if err != nil {
			l.t.Fatal(err)
		}
		for _, object := range objects {
			out = append(out, kind+"/"+object.GetName())
		}
	}
	return out
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
