package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"

	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/clustertest"
	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/history"
)

// asProgram makes the test binary behave as the remediator.
const asProgram = "REMEDIATOR_TEST_AS_PROGRAM"

// kubeconfig is that of the cluster which all tests of this package share.
var kubeconfig string

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	path, stop, err := clustertest.Start(ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	kubeconfig = path
	code := m.Run()
	if err := stop(); err != nil {
		fmt.Fprintln(os.Stderr, errors.Join(errors.New("stop the sandbox"), err))
		code = max(code, 1)
	}
	os.Exit(code)
}

// program is a remediator that runs as a process of its own.
type program struct {
	*exec.Cmd
	address string
	stderr  *bytes.Buffer
}

// start starts the remediator with the shipped rules.
func start(t *testing.T, arguments ...string) *program {
	t.Helper()
	arguments = append([]string{"--kubeconfig", kubeconfig, "--rules", "rules.yaml"}, arguments...)
	p := &program{Cmd: exec.CommandContext(t.Context(), os.Args[0], arguments...), stderr: &bytes.Buffer{}}
	p.Env = append(os.Environ(), asProgram+"=1")
	p.Stderr = p.stderr
	stdout, err := p.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	address, found := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
	if err != nil || !found {
		t.Fatalf("the first line is %q (%v)\n%s", line, err, p.stderr)
	}
	p.address = address
	return p
}

// call makes a request and returns status and body.
func (p *program) call(t *testing.T, method, path, body string) (int, []byte) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, "http://"+p.address+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatalf("%v\n%s", err, p.stderr)
	}
	defer response.Body.Close()
	read, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, read
}

// fire sends one firing alert about the deployment web and returns its entry.
func (p *program) fire(t *testing.T, name, namespace string) history.Entry {
	t.Helper()
	labels := fmt.Sprintf(`{"alertname":%q,"namespace":%q,"deployment":"web"}`, name, namespace)
	status, body := p.call(t, "POST", "/api/v1/alerts", `{"version":"4","alerts":[{"status":"firing","labels":`+labels+`}]}`)
	var entries []history.Entry
	if err := json.Unmarshal(body, &entries); err != nil || status != http.StatusAccepted || len(entries) != 1 {
		t.Fatalf("the answer is %d %s", status, body)
	}
	return entries[0]
}

// await asks for an entry until it has the status.
func (p *program) await(t *testing.T, id string, status history.Status) history.Entry {
	t.Helper()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	deadline := time.After(30 * time.Second)
	for {
		_, body := p.call(t, "GET", "/api/v1/actions/"+id, "")
		var entry history.Entry
		if err := json.Unmarshal(body, &entry); err != nil {
			t.Fatal(err)
		}
		if entry.Status == status {
			return entry
		}
		select {
		case <-ticker.C:
		case <-deadline:
			t.Fatalf("the entry does not become %s: %s\n%s", status, body, p.stderr)
		}
	}
}

// terminate asks the process to end and waits for it.
func (p *program) terminate(t *testing.T) {
	t.Helper()
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := p.Wait(); err != nil {
		t.Fatalf("the process ended with %v\n%s", err, p.stderr)
	}
}

func TestAnAlertIsRemedied(t *testing.T) {
	cluster := clustertest.Open(t, kubeconfig)
	cluster.Deploy(t, 1)
	p := start(t, "--log-format", "json")
	if status, body := p.call(t, "GET", "/readyz", ""); status != http.StatusOK {
		t.Fatalf("/readyz answers %d %s", status, body)
	}
	entry := p.await(t, p.fire(t, "ContainerOOMKilled", cluster.Namespace).ID, history.Succeeded)
	if entry.Before["memoryLimit"] != "256Mi" || entry.After["memoryLimit"] != "512Mi" {
		t.Errorf("the memory limit went from %v to %v", entry.Before, entry.After)
	}
	limit := cluster.Deployment(t).Spec.Template.Spec.Containers[0].Resources.Limits.Memory().String()
	if limit != "512Mi" {
		t.Errorf("the limit in the cluster is %s, want 512Mi", limit)
	}
	if again := p.fire(t, "ContainerOOMKilled", cluster.Namespace); again.Status != history.Duplicate {
		t.Errorf("the same alert again is %s, want a duplicate", again.Status)
	}
	if there := p.fire(t, "ContainerOOMKilled", "kube-system"); there.Status != history.Forbidden {
		t.Errorf("the alert about kube-system is %s, want it forbidden", there.Status)
	}
	_, metrics := p.call(t, "GET", "/metrics", "")
	if want := `remediator_actions_total{action="increase_resources",status="succeeded"} 1`; !strings.Contains(string(metrics), want) {
		t.Errorf("the metrics lack %s:\n%s", want, metrics)
	}
	p.terminate(t)
}

func TestADryRunChangesNothing(t *testing.T) {
	cluster := clustertest.Open(t, kubeconfig)
	cluster.Deploy(t, 1)
	p := start(t, "--dry-run")
	entry := p.await(t, p.fire(t, "HighLoad", cluster.Namespace).ID, history.DryRun)
	if diff := cmp.Diff(map[string]any{"replicas": 2.0}, map[string]any(entry.After)); diff != "" {
		t.Errorf("after (-want +got):\n%s", diff)
	}
	if got := *cluster.Deployment(t).Spec.Replicas; got != 1 {
		t.Errorf("the cluster has %d replicas, want 1", got)
	}
	p.terminate(t)
}

func TestAnActionInProgressOutlivesSIGTERM(t *testing.T) {
	cluster := clustertest.Open(t, kubeconfig)
	cluster.Deploy(t, 1)
	// Pods that can't start keep the action from coming to its end.
	cluster.Change(t, clustertest.Unschedulable)
	file := filepath.Join(t.TempDir(), "history.jsonl")
	p := start(t, "--history", file)
	id := p.fire(t, "HighLoad", cluster.Namespace).ID
	cluster.Await(t, func(web *appsv1.Deployment) bool { return *web.Spec.Replicas == 2 })
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	p.awaitRefusal(t)
	if entry := p.await(t, id, history.Executing); entry.FinishedAt != nil {
		t.Errorf("after the signal the action is %+v", entry)
	}
	cluster.Change(t, func(web *appsv1.Deployment) { web.Spec.Template.Spec.NodeSelector = nil })
	if err := p.Wait(); err != nil {
		t.Fatalf("the process ended with %v\n%s", err, p.stderr)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var statuses []history.Status
	for line := range strings.Lines(string(text)) {
		var entry history.Entry
		if err := json.Unmarshal([]byte(line), &entry); err != nil || entry.ID != id {
			t.Fatalf("line %q: %v", line, err)
		}
		statuses = append(statuses, entry.Status)
	}
	want := []history.Status{history.Received, history.Executing, history.Succeeded}
	if diff := cmp.Diff(want, statuses); diff != "" {
		t.Errorf("statuses in the file (-want +got):\n%s", diff)
	}
}

// awaitRefusal waits until alerts are refused because the process is stopping.
func (p *program) awaitRefusal(t *testing.T) {
	t.Helper()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	deadline := time.After(30 * time.Second)
	for {
		status, body := p.call(t, "GET", "/readyz", "")
		if status == http.StatusServiceUnavailable {
			if want := `{"error":"the remediator is stopping"}`; strings.TrimSpace(string(body)) != want {
				t.Errorf("/readyz says %s, want %s", body, want)
			}
			return
		}
		select {
		case <-ticker.C:
		case <-deadline:
			t.Fatal("the process does not stop")
		}
	}
}
