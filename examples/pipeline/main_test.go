package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/scenario-runner/scenario-runner/examples/pipeline/internal/cluster"
	"github.com/scenario-runner/scenario-runner/steps/kube/kubetest"
)

const patience = 30 * time.Second

// standIn is a running stand-in.
type standIn struct {
	*cluster.Cluster
	namespace, address string
}

// start runs the stand-in in a namespace of its own, with the rules and definitions of the library.
func start(t *testing.T, manifest string) standIn {
	t.Helper()
	own := kubetest.New(t)
	if manifest != "" {
		own.Apply(t, manifest)
	}
	kubeconfig := kubetest.Kubeconfig(t)
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	on, err := cluster.New(config)
	if err != nil {
		t.Fatal(err)
	}
	definitions(t, on)
	ctx, cancel := context.WithCancel(t.Context())
	read, write := io.Pipe()
	var complaints bytes.Buffer
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, []string{"--kubeconfig", kubeconfig, "--rules", "../../scenarios/library/rules", "--namespace", own.Run.Scenario.Namespace}, write, &complaints)
		write.Close()
	}()
	line, err := bufio.NewReader(read).ReadString('\n')
	if err != nil {
		t.Fatalf("%v: %s", err, complaints.String())
	}
	t.Cleanup(func() {
		cancel()
		if code := <-ended; code != 0 {
			t.Errorf("exit code %d: %s", code, complaints.String())
		}
	})
	return standIn{on, own.Run.Scenario.Namespace, strings.TrimSpace(strings.TrimPrefix(line, "listening on "))}
}

// post sends a body as Alertmanager would.
func (s standIn) post(t *testing.T, body string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+s.address+"/api/v1/signals/prometheus", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

// until reads the only request again until its phase is the wanted one.
func (s standIn) until(t *testing.T, phase string) map[string]any {
	t.Helper()
	client, err := s.In("remediationrequests.kubernaut.ai", s.namespace)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	watching, err := client.Watch(ctx, metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer watching.Stop()
	for {
		found, err := s.List(ctx, "remediationrequests.kubernaut.ai", s.namespace)
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range found {
			status, _ := one.(map[string]any)["status"].(map[string]any)
			if status["overallPhase"] == phase {
				return one.(map[string]any)
			}
		}
		if _, more := <-watching.ResultChan(); !more {
			t.Fatalf("no request came to the phase %s; found %v", phase, found)
		}
	}
}

func TestAlertNobodyUnderstandsGoesToAHuman(t *testing.T) {
	s := start(t, "")
	code, _ := s.post(t, `{"version": "4", "alerts": [{"status": "firing", "fingerprint": "a", "labels": {"alertname": "CoffeeMachineEmpty", "namespace": "`+s.namespace+`"}}]}`)
	if code != http.StatusCreated {
		t.Fatalf("status %d", code)
	}
	status := s.until(t, "Completed")["status"].(map[string]any)
	if outcome := status["completionStatus"].(map[string]any)["outcome"]; outcome != "ManualReviewRequired" {
		t.Errorf("outcome %v", outcome)
	}
	executions, err := s.List(t.Context(), "workflowexecutions.kubernaut.ai", s.namespace)
	if err != nil || len(executions) != 0 {
		t.Errorf("something was carried out: %v (%v)", executions, err)
	}
}

func TestRejectedRemedyIsNotCarriedOut(t *testing.T) {
	s := start(t, `{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: archive, annotations: {catalogue/used: 500Mi}},
  spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 512Mi}}}}`)
	if err := s.production(t); err != nil {
		t.Fatal(err)
	}
	s.post(t, `{"version": "4", "alerts": [{"status": "firing", "fingerprint": "a", "labels": {"alertname": "PVRunwayShort", "namespace": "`+s.namespace+`", "persistentvolumeclaim": "archive"}}]}`)
	name := s.until(t, "AwaitingApproval")["metadata"].(map[string]any)["name"].(string)
	if err := s.Status(t.Context(), "remediationapprovalrequests.kubernaut.ai", s.namespace, "rar-"+name, map[string]any{"decision": "Rejected"}); err != nil {
		t.Fatal(err)
	}
	if message := s.until(t, "Failed")["status"].(map[string]any)["message"]; message != "approval: Rejected" {
		t.Errorf("message %v", message)
	}
	claim, err := s.Get(t.Context(), "persistentvolumeclaims", s.namespace, "archive")
	if err != nil {
		t.Fatal(err)
	}
	if size := claim["spec"].(map[string]any)["resources"].(map[string]any)["requests"].(map[string]any)["storage"]; size != "512Mi" {
		t.Errorf("the claim was expanded to %v all the same", size)
	}
}

func TestMessagesThatAlertmanagerWouldNotSend(t *testing.T) {
	s := start(t, "")
	for body, want := range map[string]string{
		`{`:                                "read the message as JSON: unexpected EOF\n",
		`{"version": "3"}`:                 "found a message of version \"3\", expected \"4\"\n",
		`{"version": "4"}`:                 "found no alert in the message, expected at least one\n",
		`{"version": "4", "alerts": [{}]}`: "alert 1 lacks the label alertname or namespace; the stand-in needs both\n",
	} {
		if code, text := s.post(t, body); code != http.StatusBadRequest || text != want {
			t.Errorf("%s: %d %q, want 400 %q", body, code, text, want)
		}
	}
}

func TestFlags(t *testing.T) {
	t.Setenv("KUBECONFIG", "")
	t.Setenv("SCENARIO_NAMESPACE", "")
	for name, c := range map[string]struct {
		arguments []string
		want      string
	}{
		"nothing":   {nil, "pipeline: the flag --kubeconfig is missing\n"},
		"rules":     {[]string{"--kubeconfig", "x"}, "pipeline: the flag --rules is missing\n"},
		"namespace": {[]string{"--kubeconfig", "x", "--rules", "y"}, "pipeline: the flag --namespace is missing\n"},
	} {
		var complaints bytes.Buffer
		if code := run(t.Context(), c.arguments, io.Discard, &complaints); code != 1 || complaints.String() != c.want {
			t.Errorf("%s: exit code %d, %q, want %q", name, code, complaints.String(), c.want)
		}
	}
}
