package endtoend

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

// status is what status --json prints.
type status struct {
	State         string `json:"state"`
	PID           int    `json:"pid"`
	Kubeconfig    string `json:"kubeconfig"`
	MemoryBytes   int64  `json:"memoryBytes"`
	StartupMillis int64  `json:"startupMillis"`
	Nodes         struct {
		Total int `json:"total"`
		Ready int `json:"ready"`
	} `json:"nodes"`
	Components []struct {
		Name    string `json:"name"`
		State   string `json:"state"`
		PID     int    `json:"pid"`
		LogTail string `json:"logTail"`
	} `json:"components"`
}

func statusOf(t *testing.T, name string) status {
	t.Helper()
	out, problems, _ := call(t, "status", "--name", name, "--json")
	var found status
	if err := json.Unmarshal([]byte(out), &found); err != nil {
		t.Fatalf("read the status %q (%s): %v", out, problems, err)
	}
	return found
}

func (s status) component(t *testing.T, name string) (pid int, state string) {
	t.Helper()
	for _, component := range s.Components {
		if component.Name == name {
			return component.PID, component.State
		}
	}
	t.Fatalf("found no component %s in %+v", name, s)
	return 0, ""
}

// TestUpStatusDown is also what is promised about the start and the memory.
func TestUpStatusDown(t *testing.T) {
	t.Cleanup(func() { call(t, "down", "--name", "one") })
	out, problems, code := call(t, "up", "--name", "one", "--nodes", "2", "--json")
	if code != 0 {
		t.Fatalf("up ended with %d: %s", code, problems)
	}
	var up ready
	if err := json.Unmarshal([]byte(out), &up); err != nil {
		t.Fatal(err)
	}
	t.Logf("up after %d ms", up.StartupMillis)
	if up.Kubeconfig != filepath.Join(folder("one"), "kubeconfig") || up.Context != "sandbox-one" {
		t.Errorf("found %+v", up)
	}

	found := statusOf(t, "one")
	t.Logf("%d MiB in all processes", found.MemoryBytes>>20)
	if found.State != "up" || found.Nodes.Ready != 2 || len(found.Components) != 5 {
		t.Errorf("found %+v", found)
	}
	text, _, _ := call(t, "status", "--name", "one")
	contains(t, text, "nodes       2, of which 2 are ready (simulated)")
	contains(t, text, "kube-controller-manager  running")

	out, _, code = call(t, "up", "--name", "one", "--nodes", "3")
	if code != 0 {
		t.Errorf("up of what is up ended with %d", code)
	}
	contains(t, out, `Sandbox "one" is up already.`)
	if grown := statusOf(t, "one"); grown.Nodes.Ready != 3 || grown.PID != found.PID {
		t.Errorf("found %d nodes and supervisor %d, expected 3 and still %d", grown.Nodes.Ready, grown.PID, found.PID)
	}

	out, _, _ = call(t, "kubeconfig", "--name", "one")
	if strings.TrimSpace(out) != up.Kubeconfig {
		t.Errorf("found kubeconfig %q", out)
	}
	raw, _, _ := call(t, "kubeconfig", "--name", "one", "--raw")
	contains(t, raw, "client-certificate-data:")
	logs, _, _ := call(t, "logs", "--name", "one", "kube-apiserver", "--tail", "3")
	if lines := strings.Count(logs, "\n"); lines != 3 {
		t.Errorf("found %d lines of log, expected 3: %q", lines, logs)
	}

	out, _, code = call(t, "down", "--name", "one")
	if code != 0 || strings.TrimSpace(out) != `Sandbox "one" is down.` {
		t.Errorf("down ended with %d and said %q", code, out)
	}
	if _, err := os.Stat(folder("one")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the files are still there: %v", err)
	}
	expectGone(t, found.PID)
	for _, component := range found.Components {
		expectGone(t, component.PID)
	}
	out, _, code = call(t, "down", "--name", "one")
	if code != 0 || strings.TrimSpace(out) != `Sandbox "one" is not up.` {
		t.Errorf("the second down ended with %d and said %q", code, out)
	}
	out, _, code = call(t, "status", "--name", "one")
	if code != 1 || strings.TrimSpace(out) != `Sandbox "one" is down. Bring it up with "scenario-runner sandbox up --name one".` {
		t.Errorf("status ended with %d and said %q", code, out)
	}
}

// expectGone waits a moment for the end of a process that is none of our children.
func expectGone(t *testing.T, pid int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for alive(pid) {
		select {
		case <-ctx.Done():
			t.Errorf("process %d is still there", pid)
			return
		case <-ticker.C:
		}
	}
}

// alive says whether a process exists and is no zombie that waits for whoever reaps orphans.
func alive(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return !errors.Is(err, fs.ErrNotExist)
	}
	_, after, _ := bytes.Cut(stat, []byte(") "))
	return !bytes.HasPrefix(after, []byte("Z"))
}

func TestTwoAtOnceUpConcurrently(t *testing.T) {
	t.Cleanup(func() { call(t, "down", "--name", "twin") })
	type result struct {
		out, problems string
		code          int
	}
	results := make(chan result, 2)
	for range 2 {
		go func() {
			var stdout, stderr strings.Builder
			command := program(t.Context(), "up", "--name", "twin", "--nodes", "1", "--json")
			command.Stdout, command.Stderr = &stdout, &stderr
			err := command.Run()
			code := 0
			if err != nil {
				code = 1
			}
			results <- result{stdout.String(), stderr.String(), code}
		}()
	}
	already := 0
	for range 2 {
		found := <-results
		if found.code != 0 {
			t.Errorf("up failed: %s", found.problems)
		}
		if strings.Contains(found.out, `"alreadyUp": true`) {
			already++
		}
	}
	if already != 1 {
		t.Errorf("found %d of two calls that met a sandbox that was up, expected one", already)
	}
	// The shared sandbox is another one with another API server.
	if twin := statusOf(t, "twin"); twin.State != "up" || twin.Kubeconfig == suite.shared.ready.Kubeconfig {
		t.Errorf("found %+v", twin)
	}
	if shared := statusOf(t, "shared"); shared.State != "up" {
		t.Errorf("the shared sandbox is %s", shared.State)
	}
}

func TestFilesAreForTheUserAlone(t *testing.T) {
	t.Parallel()
	err := filepath.WalkDir(folder("shared"), func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		if open := info.Mode().Perm() & 0o077; open != 0 && !strings.HasPrefix(path, filepath.Join(folder("shared"), "sockets")+"/") {
			t.Errorf("%s has mode %s", path, info.Mode())
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestKillOfServeLeavesNothingRunning(t *testing.T) {
	s, err := serve(t.Context(), "--name", "killed", "--nodes", "1")
	if err != nil {
		t.Fatal(err)
	}
	before := statusOf(t, "killed")
	if err := s.command.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = s.command.Wait()
	for _, component := range before.Components {
		expectGone(t, component.PID)
	}
	// What it has left is recognised as dead and removed.
	if after := statusOf(t, "killed"); after.State != "down" {
		t.Errorf("found state %s, expected down", after.State)
	}
	if _, err := os.Stat(folder("killed")); err != nil {
		t.Errorf("expected that a killed sandbox leaves files: %v", err)
	}
	out, problems, code := call(t, "down", "--name", "killed")
	if code != 0 || strings.TrimSpace(out) != `Sandbox "killed" is down.` {
		t.Errorf("down ended with %d: %q %q", code, out, problems)
	}
	if _, err := os.Stat(folder("killed")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the files are still there: %v", err)
	}
}

func TestServeEndsWithItsParentsPipe(t *testing.T) {
	s, err := serve(t.Context(), "--nodes", "1")
	if err != nil {
		t.Fatal(err)
	}
	found := statusOf(t, s.ready.Name)
	if err := s.end(); err != nil {
		t.Error(err)
	}
	for _, component := range found.Components {
		expectGone(t, component.PID)
	}
	if _, err := os.Stat(folder(s.ready.Name)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the files are still there: %v", err)
	}
}

func TestCrashedComponentEndsServeWithTheTailOfItsLog(t *testing.T) {
	s, err := serve(t.Context(), "--name", "crashing", "--nodes", "1")
	if err != nil {
		t.Fatal(err)
	}
	pid, _ := statusOf(t, "crashing").component(t, "kube-scheduler")
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	var exit *exec.ExitError
	if err := s.command.Wait(); !errors.As(err, &exit) || exit.ExitCode() != 1 {
		t.Errorf("serve ended with %v, expected exit status 1", err)
	}
	contains(t, s.problems.String(), `error: sandbox "crashing" is broken: kube-scheduler has ended by itself (signal: killed); the end of its log:`)
	contains(t, s.problems.String(), "Starting Kubernetes Scheduler")
}

func TestCrashedComponentOfADetachedSandbox(t *testing.T) {
	t.Cleanup(func() { call(t, "down", "--name", "limping") })
	if _, problems, code := call(t, "up", "--name", "limping", "--nodes", "1"); code != 0 {
		t.Fatalf("up failed: %s", problems)
	}
	pid, _ := statusOf(t, "limping").component(t, "kube-scheduler")
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	expectGone(t, pid)
	out, _, code := call(t, "status", "--name", "limping")
	if code != 1 {
		t.Errorf("status of a broken sandbox ended with %d, expected 1", code)
	}
	contains(t, out, `Sandbox "limping" is broken`)
	contains(t, out, "kube-scheduler has ended by itself (signal: killed); the end of its log:")
	_, problems, code := call(t, "up", "--name", "limping")
	if code != 1 {
		t.Errorf("up of a broken sandbox ended with %d, expected 1", code)
	}
	contains(t, problems, `error: sandbox "limping" is up but broken: kube-scheduler has ended by itself (signal: killed); look at it with "scenario-runner sandbox logs --name limping kube-scheduler", then start the component again with "scenario-runner sandbox restart --name limping kube-scheduler" or throw the sandbox away with "scenario-runner sandbox down --name limping"`)
	if _, problems, code := call(t, "restart", "--name", "limping", "kube-scheduler"); code != 0 {
		t.Errorf("restart failed: %s", problems)
	}
	if healed := statusOf(t, "limping"); healed.State != "up" {
		t.Errorf("found state %s after the restart, expected up", healed.State)
	}
}

func TestRestartOfTheAPIServer(t *testing.T) {
	s, err := serve(t.Context(), "--name", "restarting", "--nodes", "1")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.end(); err != nil {
			t.Error(err)
		}
	})
	in := namespace(t, s.client)
	create(t, s.client, in, pod("before"))
	waitPod(t, s.client, in, "a ready pod", isReady)
	for _, component := range []string{"kube-apiserver", "kwok", "etcd"} {
		before, _ := statusOf(t, "restarting").component(t, component)
		out, problems, code := call(t, "restart", "--name", "restarting", "--pause", "500ms", component)
		if code != 0 {
			t.Fatalf("restart of %s failed: %s", component, problems)
		}
		contains(t, out, component+` of sandbox "restarting" has been restarted`)
		after, state := statusOf(t, "restarting").component(t, component)
		if after == before || state != "running" {
			t.Errorf("found pid %d of %s in state %s, expected another one than %d and running", after, component, state, before)
		}
		name := "after-" + component
		create(t, s.client, in, pod(name))
		waitPod(t, s.client, in, name, func(p *corev1.Pod) bool { return p.Name == name && isReady(p) })
	}
}

func TestExec(t *testing.T) {
	out, problems, code := call(t, "exec", "--nodes", "1", "--", "sh", "-c", `test -f "$KUBECONFIG" && echo "$SCENARIO_RUNNER_TEST_KUBECONFIG" && exit 7`)
	if code != 7 {
		t.Errorf("exec ended with %d, expected the command's 7: %s", code, problems)
	}
	if _, err := os.Stat(strings.TrimSpace(out)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the kubeconfig %q is still there: %v", out, err)
	}
}

func TestExecForwardsSignals(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	command := program(ctx, "exec", "--nodes", "1", "--", "sh", "-c", `trap 'echo caught; exit 9' TERM; echo started; while :; do read -r line || sleep 0.05; done`)
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	var word string
	if _, err := fmt.Fscan(out, &word); err != nil || word != "started" {
		t.Fatalf("found %q, %v", word, err)
	}
	if err := command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fscan(out, &word); err != nil || word != "caught" {
		t.Errorf("found %q, %v", word, err)
	}
	var exit *exec.ExitError
	if err := command.Wait(); !errors.As(err, &exit) || exit.ExitCode() != 9 {
		t.Errorf("exec ended with %v, expected the command's 9", err)
	}
}

func TestMistakesOnTheCommandLine(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		arguments []string
		code      int
		want      string
	}{
		{[]string{"upp"}, 2, "error: unknown command \"upp\"; did you mean \"up\"?\nRun \"scenario-runner sandbox --help\" for help.\n"},
		{[]string{"up", "--name", "Bad_Name"}, 2, "error: bad sandbox name \"Bad_Name\": expected 1 to 40 lower-case letters, digits and dashes, with a letter or digit at both ends\nRun \"scenario-runner sandbox --help\" for help.\n"},
		{[]string{"up", "--nodes", "0"}, 2, "error: bad number of nodes 0: expected 1 to 1000\nRun \"scenario-runner sandbox --help\" for help.\n"},
		{[]string{"up", "extra"}, 2, "error: unexpected argument \"extra\": up takes flags only\nRun \"scenario-runner sandbox --help\" for help.\n"},
		{[]string{"logs", "scheduler"}, 2, "error: unknown component \"scheduler\": expected one of etcd, kube-apiserver, kube-controller-manager, kube-scheduler, kwok, node, containerd, cluster-dns, kubelet, kube-proxy\nRun \"scenario-runner sandbox --help\" for help.\n"},
		{[]string{"exec"}, 2, "error: found no command, expected one after --\nRun \"scenario-runner sandbox --help\" for help.\n"},
		{[]string{"kubeconfig", "--name", "absent"}, 1, "error: sandbox \"absent\" is not up; bring it up with \"scenario-runner sandbox up --name absent\"\n"},
		{[]string{"serve", "--name", "shared"}, 1, "error: start sandbox \"shared\": it is already up\n"},
	} {
		t.Run(strings.Join(test.arguments, " "), func(t *testing.T) {
			t.Parallel()
			_, problems, code := call(t, test.arguments...)
			if code != test.code || problems != test.want {
				t.Errorf("found exit code %d and\n%s\nexpected %d and\n%s", code, problems, test.code, test.want)
			}
		})
	}
}

func TestKubeconfigIsUsable(t *testing.T) {
	t.Parallel()
	config, err := clientcmd.BuildConfigFromFlags("", suite.shared.ready.Kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	if config.Insecure || len(config.CAData) == 0 || config.BearerToken != "" || len(config.CertData) == 0 {
		t.Error("expected a verified server, a client certificate and no token")
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	version, err := client.Discovery().ServerVersion()
	if err != nil {
		t.Fatal(err)
	}
	if version.GitVersion != "v1.37.2" {
		t.Errorf("found server version %q", version.GitVersion)
	}
}
