package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/scenario-runner/scenario-runner/engine/journal"
	"github.com/scenario-runner/scenario-runner/steps/kube/kubetest"
)

// fixture is a namespace that exists before a run, with things in it that a scenario changes.
type fixture struct {
	t          *testing.T
	kubeconfig string
	client     *kubernetes.Clientset
	namespace  string
	dir        string
	state      string
}

func newFixture(t *testing.T, kubeconfig string) *fixture {
	t.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	config.QPS = -1
	f := &fixture{t: t, kubeconfig: kubeconfig, client: kubernetes.NewForConfigOrDie(config), dir: t.TempDir(), state: t.TempDir()}
	ctx := t.Context()
	space, err := f.client.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "shop-"}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	f.namespace = space.Name
	t.Cleanup(func() {
		_ = f.client.CoreV1().Namespaces().Delete(context.WithoutCancel(ctx), f.namespace, metav1.DeleteOptions{})
	})
	for name, data := range map[string]string{"settings": "on", "victim": "here"} {
		cm := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name}, Data: map[string]string{"mode": data}}
		if _, err := f.client.CoreV1().ConfigMaps(f.namespace).Create(ctx, cm, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := f.client.AppsV1().Deployments(f.namespace).Create(ctx, webDeployment(), metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	return f
}

func webDeployment() *appsv1.Deployment {
	labels := map[string]string{"app": "web"}
	replicas := int32(2)
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "web"},
		Spec: appsv1.DeploymentSpec{
			Replicas: &replicas,
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "app", Image: "example.com/app:1"}}},
			},
		},
	}
}

// snapshot is everything that a scenario of these tests can change, without what the system itself moves on.
func (f *fixture) snapshot() map[string]any {
	f.t.Helper()
	ctx := f.t.Context()
	out := map[string]any{}
	maps, err := f.client.CoreV1().ConfigMaps(f.namespace).List(ctx, metav1.ListOptions{})
	f.must(err)
	for _, m := range maps.Items {
		if m.Name == "kube-root-ca.crt" { // a controller puts it into every namespace, some time after its birth
			continue
		}
		out["configmap/"+m.Name] = map[string]any{"data": m.Data, "labels": m.Labels, "annotations": m.Annotations}
	}
	deployments, err := f.client.AppsV1().Deployments(f.namespace).List(ctx, metav1.ListOptions{})
	f.must(err)
	for _, d := range deployments.Items {
		delete(d.Annotations, "deployment.kubernetes.io/revision") // counts every change of the template, also back
		out["deployment/"+d.Name] = map[string]any{"spec": d.Spec, "labels": d.Labels}
	}
	nodes, err := f.client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	f.must(err)
	for _, n := range nodes.Items {
		out["node/"+n.Name] = map[string]any{"labels": n.Labels, "unschedulable": n.Spec.Unschedulable, "notReady": n.Annotations["sandbox.scenario-runner.dev/not-ready"]}
	}
	spaces, err := f.client.CoreV1().Namespaces().List(ctx, metav1.ListOptions{LabelSelector: "scenario-runner.dev/run"})
	f.must(err)
	for _, s := range spaces.Items {
		if s.Annotations["scenario-runner.dev/name"] != "" && strings.HasPrefix(s.Annotations["scenario-runner.dev/name"], f.namespace) {
			out["namespace/"+s.Name] = s.Labels
		}
	}
	return out
}

func (f *fixture) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

// write writes a scenario that changes things in the fixture's namespace and in one of its own, and then waits for what
// never comes.
func (f *fixture) write() []string {
	f.t.Helper()
	changes := filepath.Join(f.dir, "changes.scenario.yaml")
	own := filepath.Join(f.dir, "own.scenario.yaml")
	f.must(os.WriteFile(changes, fmt.Appendf(nil, `apiVersion: scenario-runner/v1
kind: Scenario
metadata: {name: %[1]s-changes, namespace: %[1]s}
steps:
  - deploy:
      inline: {apiVersion: v1, kind: ConfigMap, metadata: {name: made}, data: {a: b}}
  - scale: {object: deployment/web, replicas: 5}
  - patch: {object: configmap/settings, patch: {data: {mode: "off", more: "yes"}}}
  - delete: configmap/victim
  - injectChaos: {experiment: image-pull-failure, target: {kind: Deployment, name: web}}
  - id: stuck
    waitFor: {object: configmap/never, until: object != nil}
    timeout: 5m
`, f.namespace), 0o600))
	f.must(os.WriteFile(own, fmt.Appendf(nil, `apiVersion: scenario-runner/v1
kind: Scenario
metadata: {name: %s-own}
steps:
  - deploy:
      inline: {apiVersion: v1, kind: ConfigMap, metadata: {name: made}, data: {a: b}}
  - id: stuck
    waitFor: {object: configmap/never, until: object != nil}
    timeout: 5m
`, f.namespace), 0o600))
	return []string{changes, own}
}

// start runs the scenarios and returns when both are stuck.
func (f *fixture) start(files ...string) (*exec.Cmd, *bytes.Buffer) {
	f.t.Helper()
	c := f.command(append([]string{"run", "--kubeconfig", f.kubeconfig, "--run-dir", filepath.Join(f.state, "run")}, files...)...)
	output := &bytes.Buffer{}
	c.Stdout, c.Stderr = output, output
	f.must(c.Start())
	f.until("both scenarios wait", func() bool {
		return f.started("stuck") == len(files)
	}, output)
	return c, output
}

func (f *fixture) command(args ...string) *exec.Cmd {
	c := exec.CommandContext(f.t.Context(), "scenario-runner", args...)
	c.Env = append(os.Environ(), "XDG_STATE_HOME="+f.state, "HOME="+f.state)
	return c
}

// started counts how many steps with that id have started, by the journal.
func (f *fixture) started(id string) int {
	data, err := os.ReadFile(filepath.Join(f.state, "run", "journal.jsonl"))
	if err != nil {
		return 0
	}
	n := 0
	for line := range strings.Lines(string(data)) {
		var e journal.Event
		if json.Unmarshal([]byte(line), &e) == nil && e.Kind == journal.StepStarted && e.Step == id {
			n++
		}
	}
	return n
}

// until looks again and again, with a deadline: a file has no watch that Go's standard library knows.
func (f *fixture) until(what string, done func() bool, output fmt.Stringer) {
	f.t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(60 * time.Second)
	for !done() {
		select {
		case <-tick.C:
		case <-deadline:
			f.t.Fatalf("%s: not within a minute\n%s", what, output)
		}
	}
}

// cleanup runs the cleanup command and expects the cluster to be as before.
func (f *fixture) cleanup(before map[string]any) string {
	f.t.Helper()
	out, err := f.command("cleanup", "--all").CombinedOutput()
	if err != nil {
		f.t.Fatalf("cleanup: %v\n%s", err, out)
	}
	if d := cmp.Diff(before, f.snapshot()); d != "" {
		f.t.Errorf("the cluster is not as before:\n%s", d)
	}
	return string(out)
}

func exitCode(err error) int {
	if err == nil {
		return 0
	}
	if e, ok := err.(*exec.ExitError); ok { //nolint:errorlint // Wait returns it as it is
		return e.ExitCode()
	}
	return -1
}

func TestKilledRunIsCleanedUp(t *testing.T) {
	f := newFixture(t, kubetest.Kubeconfig(t))
	before := f.snapshot()
	c, output := f.start(f.write()...)
	if d := cmp.Diff(before, f.snapshot()); d == "" {
		t.Fatal("the scenarios changed nothing")
	}
	live, err := f.command("cleanup", "--all").CombinedOutput()
	if err != nil || !strings.Contains(string(live), "is still going on and is left alone") {
		t.Errorf("cleanup beside a live run: %v\n%s", err, live)
	}
	f.must(c.Process.Kill())
	_ = c.Wait()
	dry, err := f.command("cleanup", "--all", "--dry-run").CombinedOutput()
	if err != nil || !strings.Contains(string(dry), "would be taken back") {
		t.Errorf("dry run: %v\n%s", err, dry)
	}
	f.warned()
	text := f.cleanup(before)
	if !strings.Contains(text, "changes taken back") {
		t.Errorf("cleanup says:\n%s\nthe run said:\n%s", text, output)
	}
	if again := f.cleanup(before); !strings.Contains(again, "nothing was left behind") {
		t.Errorf("a second cleanup says:\n%s", again)
	}
}

// warned wants the next run to say what the killed one left, and how it is taken back.
func (f *fixture) warned() {
	f.t.Helper()
	file := filepath.Join(f.t.TempDir(), "next.scenario.yaml")
	f.must(os.WriteFile(file, []byte("apiVersion: scenario-runner/v1\nkind: Scenario\nmetadata: {name: next}\nvars: {n: 1}\nsteps:\n  - assert: vars.n == 1\n"), 0o600))
	out, err := f.command("run", file, "--kubeconfig", f.kubeconfig, "--run-dir", f.t.TempDir()).CombinedOutput()
	warning := regexp.MustCompile(`(?m)^warning: run \S+ was killed and left \d+ changes behind; scenario-runner cleanup --run \S+ takes them back$`)
	if err != nil || !warning.Match(out) {
		f.t.Errorf("the next run says nothing of the killed one: %v\n%s", err, out)
	}
}

func TestInterruptCleansUp(t *testing.T) {
	f := newFixture(t, kubetest.Kubeconfig(t))
	before := f.snapshot()
	c, output := f.start(f.write()...)
	f.must(c.Process.Signal(os.Interrupt))
	if code := exitCode(c.Wait()); code != exitInterrupted {
		t.Errorf("exit code %d\n%s", code, output)
	}
	if d := cmp.Diff(before, f.snapshot()); d != "" {
		t.Errorf("the cluster is not as before:\n%s\n%s", d, output)
	}
}

func TestSecondInterruptLeavesThingsToCleanup(t *testing.T) {
	f := newFixture(t, kubetest.Kubeconfig(t))
	before := f.snapshot()
	files := f.write()[:1]
	// A finalizer keeps the made object from going away, so that the first clean-up can't end.
	c, output := f.start(files...)
	made, err := f.client.CoreV1().ConfigMaps(f.namespace).Get(t.Context(), "made", metav1.GetOptions{})
	f.must(err)
	made.Finalizers = []string{"example.com/hold"}
	_, err = f.client.CoreV1().ConfigMaps(f.namespace).Update(t.Context(), made, metav1.UpdateOptions{})
	f.must(err)
	f.must(c.Process.Signal(syscall.SIGTERM))
	f.until("the clean-up has begun", func() bool {
		data, err := os.ReadFile(filepath.Join(f.state, "run", "journal.jsonl"))
		return err == nil && strings.Contains(string(data), string(journal.ScenarioFinished))
	}, output)
	f.must(c.Process.Signal(os.Interrupt))
	if code := exitCode(c.Wait()); code != exitInterrupted {
		t.Errorf("exit code %d\n%s", code, output)
	}
	if !strings.Contains(output.String(), "left behind") {
		t.Errorf("what is left is not said:\n%s", output)
	}
	made, err = f.client.CoreV1().ConfigMaps(f.namespace).Get(t.Context(), "made", metav1.GetOptions{})
	f.must(err)
	made.Finalizers = nil
	_, err = f.client.CoreV1().ConfigMaps(f.namespace).Update(t.Context(), made, metav1.UpdateOptions{})
	f.must(err)
	f.cleanup(before)
}

func TestRunGoesOnWhenTheAPIServerRestarts(t *testing.T) {
	box := kubetest.OwnSandbox(t)
	f := newFixture(t, box.Kubeconfig)
	file := filepath.Join(f.dir, "restart.scenario.yaml")
	f.must(os.WriteFile(file, fmt.Appendf(nil, `apiVersion: scenario-runner/v1
kind: Scenario
metadata: {name: restart, namespace: %s}
steps:
  - id: stuck
    waitFor: {object: configmap/settings, until: object.data.mode == "go"}
    timeout: 2m
  - scale: {object: deployment/web, replicas: 4}
  - assert: {given: {web: {object: deployment/web}}, that: web.spec.replicas == 4}
`, f.namespace), 0o600))
	c, output := f.start(file)
	f.must(box.Restart(t.Context(), "kube-apiserver", 2*time.Second))
	settings, err := f.client.CoreV1().ConfigMaps(f.namespace).Get(t.Context(), "settings", metav1.GetOptions{})
	f.must(err)
	settings.Data["mode"] = "go"
	_, err = f.client.CoreV1().ConfigMaps(f.namespace).Update(t.Context(), settings, metav1.UpdateOptions{})
	f.must(err)
	if code := exitCode(c.Wait()); code != exitPassed {
		t.Errorf("exit code %d\n%s", code, output)
	}
}
