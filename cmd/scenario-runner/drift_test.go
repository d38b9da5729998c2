package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/scenario-runner/scenario-runner/engine/journal"
	"github.com/scenario-runner/scenario-runner/steps/kube/kubetest"
)

// TestDriftTellsOursFromOthers runs a scenario that keeps a cluster role, while somebody else taints a node and makes things
// with and without the label of the run.
func TestDriftTellsOursFromOthers(t *testing.T) {
	f := newFixture(t, kubetest.Kubeconfig(t))
	cordoned, tainted := f.breakable(), f.other()
	ctx, late := t.Context(), context.WithoutCancel(t.Context())
	rbac := f.client.RbacV1().ClusterRoles()
	roles := []string{f.namespace + "-kept", f.namespace + "-lost", f.namespace + "-theirs", f.namespace + "-patched"}
	t.Cleanup(func() {
		for _, role := range roles {
			_ = rbac.Delete(late, role, metav1.DeleteOptions{})
		}
	})
	_, err := rbac.Create(ctx, &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: roles[3]}}, metav1.CreateOptions{})
	f.must(err)
	file := filepath.Join(f.dir, "drift.scenario.yaml")
	f.must(os.WriteFile(file, fmt.Appendf(nil, `apiVersion: scenario-runner/v1
kind: Scenario
metadata: {name: drift, namespace: %[1]s}
steps:
  - deploy: {undo: keep, inline: {apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: %[1]s-kept}}}
  - deploy: {inline: {apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: %[1]s-passing}}}
  - patch: {object: clusterrole/%[1]s-patched, patch: {metadata: {labels: {by: us}}}}
  - node: {action: cordon, name: %[2]s}
  - id: stuck
    waitFor: {object: configmap/go, until: object != nil}
`, f.namespace, cordoned), 0o600))
	c := f.command("run", "--drift", "--kubeconfig", f.kubeconfig, "--run-dir", filepath.Join(f.state, "run"), file)
	out := &output{}
	c.Stdout, c.Stderr = out, out
	f.must(c.Start())
	f.until("the scenario waits", func() bool { return f.started("stuck") == 1 }, out)
	f.taint(tainted)
	run := f.runID()
	for role, labels := range map[string]map[string]string{roles[1]: {"scenario-runner.dev/run": run}, roles[2]: nil} {
		made := &rbacv1.ClusterRole{
			ObjectMeta: metav1.ObjectMeta{Name: role, Labels: labels},
			Rules:      []rbacv1.PolicyRule{{APIGroups: []string{""}, Resources: []string{"pods"}, Verbs: []string{"get"}}},
		}
		_, err := rbac.Create(ctx, made, metav1.CreateOptions{FieldManager: "operator"})
		f.must(err)
	}
	f.configMap("go")
	if code := exitCode(c.Wait()); code != exitLeft {
		t.Errorf("exit code %d, want %d\n%s", code, exitLeft, out)
	}
	_, said, _ := strings.Cut(out.String(), "left behind or changed meanwhile:\n")
	var lines []string
	for line := range strings.Lines(said) {
		if strings.Contains(line, f.namespace) { // other tests share the cluster
			// The controllers of the sandbox write the taints of a young node, too, and may be the last to have done so.
			lines = append(lines, strings.Replace(strings.TrimSpace(line), "(scenario-runner-sandbox)", "(kubectl-taint)", 1))
		}
	}
	want := []string{
		"clusterrole " + roles[0] + " was created, by this run, which keeps it on purpose",
		"clusterrole " + roles[1] + " was created, by this run",
		"node " + tainted + " changed: taint dedicated=db:NoSchedule was added, by others (kubectl-taint)",
		"clusterrole " + roles[2] + " was created, by others (operator)",
	}
	if d := cmp.Diff(want, lines); d != "" {
		t.Errorf("%s\n%s", d, out)
	}
}

// other is a second node on which nothing runs.
func (f *fixture) other() string {
	f.t.Helper()
	ctx := f.t.Context()
	made, err := f.client.CoreV1().Nodes().Create(ctx, &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: f.namespace + "-other", Annotations: map[string]string{"kwok.x-k8s.io/node": "fake"}},
		Spec:       corev1.NodeSpec{Taints: []corev1.Taint{{Key: "kill", Value: "test", Effect: corev1.TaintEffectNoSchedule}}},
	}, metav1.CreateOptions{})
	f.must(err)
	f.t.Cleanup(func() {
		_ = f.client.CoreV1().Nodes().Delete(context.WithoutCancel(ctx), made.Name, metav1.DeleteOptions{})
	})
	return made.Name
}

// taint does what kubectl taint does.
func (f *fixture) taint(name string) {
	f.t.Helper()
	const patch = `[{"op": "add", "path": "/spec/taints/-", "value": {"key": "dedicated", "value": "db", "effect": "NoSchedule"}}]`
	_, err := f.client.CoreV1().Nodes().Patch(f.t.Context(), name, types.JSONPatchType, []byte(patch), metav1.PatchOptions{FieldManager: "kubectl-taint"})
	f.must(err)
}

func (f *fixture) runID() string {
	f.t.Helper()
	j, err := journal.Read(filepath.Join(f.state, "run"))
	f.must(err)
	return j.Run().ID
}
