package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scenario-runner/scenario-runner/steps/kube/kubetest"
)

// output is what a process has written so far.
type output struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

// Write keeps more.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buffer.Write(p)
}

// String returns all of it.
func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buffer.String()
}

// sibling is the fixture with records of its own, as another machine would have them.
func (f *fixture) sibling() *fixture {
	other := *f
	other.state, other.dir = f.t.TempDir(), f.t.TempDir()
	return &other
}

// holding starts a run whose scenario holds a lock and waits until a config map says that it may end.
func (f *fixture) holding(name, lock, until string) (*exec.Cmd, *output) {
	f.t.Helper()
	file := filepath.Join(f.dir, name+".scenario.yaml")
	f.must(os.WriteFile(file, fmt.Appendf(nil, `apiVersion: scenario-runner/v1
kind: Scenario
metadata: {name: %[1]s, namespace: %[2]s}
locks: "%[3]s"
steps:
  - patch: {object: configmap/settings, patch: {metadata: {labels: {by: %[1]s}}}}
  - id: stuck
    waitFor: {object: configmap/%[4]s, until: object != nil}
    timeout: 5m
`, name, f.namespace, lock, until), 0o600))
	c := f.command("run", "--kubeconfig", f.kubeconfig, "--run-dir", filepath.Join(f.state, "run"), file)
	out := &output{}
	c.Stdout, c.Stderr = out, out
	f.must(c.Start())
	return c, out
}

func (f *fixture) stuck(out *output) {
	f.t.Helper()
	f.until("the scenario waits for its config map", func() bool { return f.started("stuck") == 1 }, out)
}

func (f *fixture) says(out *output, pattern string) {
	f.t.Helper()
	matcher := regexp.MustCompile(pattern)
	f.until("it says "+pattern, func() bool { return matcher.MatchString(out.String()) }, out)
}

func (f *fixture) configMap(name string) {
	f.t.Helper()
	_, err := f.client.CoreV1().ConfigMaps(f.namespace).Create(f.t.Context(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{})
	f.must(err)
}

// label is who has patched the settings last.
func (f *fixture) label() string {
	f.t.Helper()
	settings, err := f.client.CoreV1().ConfigMaps(f.namespace).Get(f.t.Context(), "settings", metav1.GetOptions{})
	f.must(err)
	return settings.Labels["by"]
}

// leases counts the Leases of the fixture's scenarios.
func (f *fixture) leases() int {
	f.t.Helper()
	found, err := f.client.CoordinationV1().Leases("scenario-runner-locks").List(f.t.Context(), metav1.ListOptions{})
	f.must(err)
	n := 0
	for _, lease := range found.Items {
		if strings.Contains(lease.Annotations["scenario-runner.dev/claims"], f.namespace) {
			n++
		}
	}
	return n
}

func TestTwoRunsDoNotHoldTheSameLock(t *testing.T) {
	f := newFixture(t, kubetest.Kubeconfig(t))
	first, firstOut := f.holding("first", "alert/"+f.namespace+"/*", "one")
	f.stuck(firstOut)
	other := f.sibling()
	second, secondOut := other.holding("second", "alert/"+f.namespace+"/Down", "two")
	other.says(secondOut, `(?m)^scenario second waits for lock alert/`+f.namespace+`/Down held by run \w+ of \S+ \(process `+fmt.Sprint(first.Process.Pid)+`\), scenario first$`)
	if by := f.label(); by != "first" || other.started("stuck") != 0 {
		t.Errorf("the second run works beside the first: %q\n%s", by, secondOut)
	}
	// From a third machine neither looks dead.
	swept, err := f.sibling().command("cleanup", "--all", "--kubeconfig", f.kubeconfig).CombinedOutput()
	if err != nil || strings.Count(string(swept), " renews its locks and is left alone; to take it back all the same, name it: cleanup --run ") != 2 {
		t.Errorf("cleanup from elsewhere: %v\n%s", err, swept)
	}
	f.configMap("one")
	if err := first.Wait(); err != nil {
		t.Errorf("the first run: %v\n%s", err, firstOut)
	}
	other.stuck(secondOut)
	f.configMap("two")
	if err := second.Wait(); err != nil {
		t.Errorf("the second run: %v\n%s", err, secondOut)
	}
	if n := f.leases(); n != 0 {
		t.Errorf("%d Leases are left", n)
	}
}

// TestKilledRunHoldsNoLockForLong kills two runs with SIGKILL: one is cleaned up after, the Lease of the other runs out.
func TestKilledRunHoldsNoLockForLong(t *testing.T) {
	f := newFixture(t, kubetest.Kubeconfig(t))
	cleaned, forgotten := f.sibling(), f.sibling()
	for name, one := range map[string]*fixture{"cleaned": cleaned, "forgotten": forgotten} {
		c, out := one.holding(name, name+"/"+f.namespace, "never")
		one.stuck(out)
		one.must(c.Process.Kill())
		_ = c.Wait()
	}
	if n := f.leases(); n != 2 {
		t.Fatalf("%d Leases are held, want 2", n)
	}
	f.configMap("go")
	late := f.sibling()
	waits, waitsOut := late.holding("waits", "forgotten/"+f.namespace, "go")
	late.says(waitsOut, `scenario waits waits for lock forgotten/\S+ held by run \w+ of`)
	if out, err := cleaned.command("cleanup", "--all").CombinedOutput(); err != nil || !strings.Contains(string(out), "delete lease ") {
		t.Errorf("cleanup: %v\n%s", err, out)
	}
	soon := f.sibling()
	at, atOut := soon.holding("at-once", "cleaned/"+f.namespace, "go")
	if err := at.Wait(); err != nil || strings.Contains(atOut.String(), "waits for lock") {
		t.Errorf("after cleanup: %v\n%s", err, atOut)
	}
	if err := waits.Wait(); err != nil {
		t.Errorf("after the Lease ran out: %v\n%s", err, waitsOut)
	}
	if out, err := forgotten.command("cleanup", "--all").CombinedOutput(); err != nil {
		t.Errorf("cleanup of a run whose Lease is gone: %v\n%s", err, out)
	}
	if n := f.leases(); n != 0 {
		t.Errorf("%d Leases are left", n)
	}
}

// TestALockThatIsTakenAwayEndsTheRun deletes the Lease of a live run.
func TestALockThatIsTakenAwayEndsTheRun(t *testing.T) {
	f := newFixture(t, kubetest.Kubeconfig(t))
	c, out := f.holding("robbed", "node/"+f.namespace, "never")
	f.stuck(out)
	leases := f.client.CoordinationV1().Leases("scenario-runner-locks")
	found, err := leases.List(t.Context(), metav1.ListOptions{})
	f.must(err)
	for _, lease := range found.Items {
		if strings.Contains(lease.Annotations["scenario-runner.dev/claims"], f.namespace) {
			f.must(leases.Delete(t.Context(), lease.Name, metav1.DeleteOptions{}))
		}
	}
	code := exitCode(c.Wait())
	want := "the locks of the scenario were lost: node/" + f.namespace + " on "
	if code != exitErrored || !strings.Contains(out.String(), want) || !strings.Contains(out.String(), ": its lease was taken away; others may work on the same things now") {
		t.Errorf("exit code %d\n%s", code, out)
	}
	if by := f.label(); by != "" {
		t.Errorf("the change of %q was not taken back", by)
	}
}

// TestWithoutTheRightToWriteLeases warns, or refuses when the policy wants locks across runs.
func TestWithoutTheRightToWriteLeases(t *testing.T) {
	f := newFixture(t, kubetest.Kubeconfig(t))
	f.configMap("go")
	_, out := f.holding("admin", "alert/"+f.namespace, "go") // makes the file, and the namespace of the Leases
	f.says(out, "1 passed")
	file := filepath.Join(f.dir, "admin.scenario.yaml")
	p := f.hire(nil, file)
	roles := f.client.RbacV1().Roles("scenario-runner-locks")
	role, err := roles.Get(t.Context(), p.name, metav1.GetOptions{})
	f.must(err)
	role.Rules = []rbacv1.PolicyRule{}
	_, err = roles.Update(t.Context(), role, metav1.UpdateOptions{})
	f.must(err)
	said, code := p.run(file)
	const grant = "grant what scenario-runner plan --rbac prints for namespace scenario-runner-locks"
	if code != exitPassed || strings.Count(said, "warning: no locks can be held across runs on ") != 1 || !strings.Contains(said, grant+"; until then they hold within this run alone\n") {
		t.Errorf("exit code %d\n%s", code, said)
	}
	config := filepath.Join(f.t.TempDir(), "scenario-runner.yaml")
	f.must(os.WriteFile(config, []byte("apiVersion: scenario-runner/v1\nkind: Config\npolicy: {locks: required}\n"), 0o600))
	said, code = p.run("--config", config, file)
	if code != exitErrored || !strings.Contains(said, "nothing was run: 1 right is missing\n  create, delete, get, list, patch, watch leases.coordination.k8s.io in namespace scenario-runner-locks, on ") {
		t.Errorf("with locks: required: exit code %d\n%s", code, said)
	}
	said, code = p.run("--config", config, "--preflight=false", file)
	if code != exitErrored || !strings.Contains(said, "locks: the policy wants locks across runs: no locks can be held across runs on ") || !strings.Contains(said, grant) {
		t.Errorf("with locks: required: exit code %d\n%s", code, said)
	}
}
