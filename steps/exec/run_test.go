package exec_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/websocket"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/engine/steptest"
	"github.com/scenario-runner/scenario-runner/steps/exec"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/kubetest"
	"github.com/scenario-runner/scenario-runner/steps/settings"
)

// pod makes a pod that answers commands, and waits until it is ready.
func pod(t *testing.T, c *kubetest.Cluster, name, output, code string) {
	t.Helper()
	c.Apply(t, "apiVersion: v1\nkind: Pod\nmetadata: {name: "+name+", labels: {app: web}, annotations: {sandbox.scenario-runner.dev/exec-output: '"+output+"', sandbox.scenario-runner.dev/exec-exit-code: '"+code+"'}}\n"+
		"spec: {containers: [{name: app, image: a}, {name: proxy, image: b}]}\n")
	ready(t, c, name)
}

func ready(t *testing.T, c *kubetest.Cluster, name string) {
	t.Helper()
	c.Until(t, "pod/"+name, func(o *unstructured.Unstructured) bool {
		return o != nil && strings.Contains(fmt.Sprint(o.Object["status"]), "podIP")
	})
}

func TestRunsInTheSandbox(t *testing.T) {
	c := kubetest.New(t)
	pod(t, c, "web-0", `{"mode": "fast"}`, "0")
	pod(t, c, "web-1", `{"mode": "slow"}`, "3")
	use := steptest.Use{Definition: exec.New(c.Env), Run: c.Run}
	out, err := use.Do(t.Context(), t, "in: {kind: pod, labels: {app: web}}\ncommand: cat settings.json\njson: true")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"pod": "web-0", "container": "app", "exitCode": 0, "stdout": `{"mode": "fast"}`, "json": map[string]any{"mode": "fast"}, "truncated": false,
		"stderr": "[simulated] nothing runs in container app of pod " + c.Target.Namespace + "/web-0: cat settings.json",
	}
	if diff := cmp.Diff([]any{want}, out["results"]); diff != "" {
		t.Error(diff)
	}
	if out["pod"] != "web-0" || out["simulated"] != true || out["took"].(time.Duration) <= 0 {
		t.Errorf("%v", out)
	}
	seen := c.Host.Seen()
	if last := seen[len(seen)-1]; last != "simulated: nothing was run in pod[app=web], the sandbox has answered" {
		t.Errorf("progress %q", last)
	}
	out, err = use.Do(t.Context(), t, "in: {kind: pod, labels: {app: web}}\nall: true\ncontainer: proxy\nscript: ls | wc -l\nexitCodes: [0, 3]")
	if err != nil {
		t.Fatal(err)
	}
	results := out["results"].([]any)
	if len(results) != 2 || results[1].(map[string]any)["exitCode"] != 3 || results[1].(map[string]any)["container"] != "proxy" {
		t.Errorf("results %v", results)
	}
	if text := results[1].(map[string]any)["stderr"].(string); !strings.HasSuffix(text, "/web-1: sh -ec ls | wc -l") {
		t.Errorf("stderr %q", text)
	}
}

func TestWaitsForAReadyPodOfAWorkload(t *testing.T) {
	c := kubetest.New(t)
	c.Apply(t, `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}, annotations: {sandbox.scenario-runner.dev/start-delay: 200ms, sandbox.scenario-runner.dev/exec-output: hello}}
    spec: {containers: [{name: app, image: a}]}
`)
	out, err := steptest.Use{Definition: exec.New(c.Env), Run: c.Run}.Do(t.Context(), t, "in: deployment/web\ncommand: [echo, hello]")
	if err != nil || out["stdout"] != "hello" || !strings.HasPrefix(out["pod"].(string), "web-") {
		t.Errorf("%v, %v", out, err)
	}
}

func TestVerdicts(t *testing.T) {
	c := kubetest.New(t)
	place := c.Target.Namespace
	pod(t, c, "web-0", "not json", "4")
	pod(t, c, "web-1", "fine", "0")
	tests := []struct {
		name, body string
		verdict    step.Verdict
		want       string
	}{
		{"exit code", "in: pod/web-0\ncommand: ls", step.Failed, "the command ended with exit code 4 in container app of pod web-0"},
		{"one of several", "in: {kind: pod, selector: app=web}\nall: true\ncommand: ls", step.Failed, "the command failed in 1 of 2 pods: exit code 4 in container app of pod web-0"},
		{"not JSON", "in: pod/web-1\ncommand: ls\njson: true", step.Failed, `the output of pod web-1 is not JSON: "fine"`},
		{"no workload", "in: deployment/web\ncommand: ls", step.Failed, "deployment/web does not exist in namespace " + place},
		{"no container", "in: pod/web-1\ncontainer: side\ncommand: ls", step.Errored, `pod web-1 has no container "side"; it has app, proxy`},
		{"no pods", "in: configmap/kube-root-ca.crt\ncommand: ls", step.Errored, "ConfigMap kube-root-ca.crt has no spec.selector that says which pods are its own"},
		{"command", "in: pod/web-1\ncommand: \"${{ '' }}\"", step.Errored, "the command is empty; its first word is the program"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := steptest.Use{Definition: exec.New(c.Env), Run: c.Run}.Do(t.Context(), t, tt.body)
			if err == nil || step.VerdictOf(err) != tt.verdict || err.Error() != tt.want {
				t.Errorf("got  %v (%s)\nwant %s (%s)", err, step.VerdictOf(err), tt.want, tt.verdict)
			}
		})
	}
}

func TestNoReadyPodInTime(t *testing.T) {
	c := kubetest.New(t)
	c.Apply(t, "apiVersion: v1\nkind: Pod\nmetadata: {name: slow, annotations: {sandbox.scenario-runner.dev/not-ready: \"true\"}}\nspec: {containers: [{name: app, image: a}]}\n")
	ready(t, c, "slow")
	for body, want := range map[string]string{
		"in: pod/slow\ncommand: ls":   "timed out: no pod is ready for pod/slow: pod slow: Pod is running but is not Ready",
		"in: pod/absent\ncommand: ls": "timed out: no pod is ready for pod/absent: there are no pods",
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		_, err := steptest.Use{Definition: exec.New(c.Env), Run: c.Run}.Do(ctx, t, body)
		cancel()
		if err == nil || err.Error() != want || step.VerdictOf(err) != step.Failed {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
}

// played is a cluster on which commands are answered by play instead of by a kubelet.
func played(t *testing.T, play func(w http.ResponseWriter, r *http.Request)) *kubetest.Cluster {
	t.Helper()
	proxy := kubetest.NewProxy(t, kubetest.Kubeconfig(t), func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.URL.Path, "/exec") {
			return false
		}
		play(w, r)
		return true
	}, nil)
	c := kubetest.NewOn(t, proxy.Kubeconfig)
	pod(t, c, "web-0", "", "0")
	return c
}

// channel accepts a connection as an API server does, writes a line, and leaves the rest to then.
func channel(t *testing.T, then func(*websocket.Conn)) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, r *http.Request) {
		upgrader := websocket.Upgrader{Subprotocols: []string{"v5.channel.k8s.io"}}
		conn, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		if err := conn.WriteMessage(websocket.BinaryMessage, []byte("\x01half of the work\n")); err != nil {
			t.Error(err)
		}
		then(conn)
	}
}

// untilClosed reads until the client goes, and returns what it sent on the standard input.
func untilClosed(conn *websocket.Conn) (stdin string) {
	for {
		_, message, err := conn.ReadMessage()
		if err != nil {
			return stdin
		}
		if len(message) > 1 && message[0] == 0 {
			stdin += string(message[1:])
		}
	}
}

func TestTimeoutCutsTheConnection(t *testing.T) {
	cut := make(chan struct{})
	c := played(t, channel(t, func(conn *websocket.Conn) { untilClosed(conn); close(cut) }))
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	out, err := steptest.Use{Definition: exec.New(c.Env), Run: c.Run}.Do(ctx, t, "in: pod/web-0\ncommand: sleep 1h")
	var failure *step.Failure
	if !errors.As(err, &failure) || failure.Error() != "timed out: the command has not ended in container app of pod web-0" {
		t.Fatalf("got %v", err)
	}
	if diff := cmp.Diff([]step.Section{{Title: "standard output of web-0", Lines: []string{"half of the work"}}}, failure.Sections); diff != "" {
		t.Error(diff)
	}
	if out["stdout"] != "half of the work" {
		t.Errorf("stdout %q", out["stdout"])
	}
	<-cut
}

func TestCancelEndsIt(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	c := played(t, channel(t, func(conn *websocket.Conn) { cancel(); untilClosed(conn) }))
	if _, err := (steptest.Use{Definition: exec.New(c.Env), Run: c.Run}).Do(ctx, t, "in: pod/web-0\ncommand: sleep 1h"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestStandardInput(t *testing.T) {
	c := played(t, channel(t, func(conn *websocket.Conn) {
		_, message, err := conn.ReadMessage()
		if err != nil || string(message) != "\x00select 1" {
			t.Errorf("%q, %v", message, err)
		}
		_ = conn.WriteMessage(websocket.BinaryMessage, []byte("\x03"+`{"metadata":{},"status":"Success"}`))
		_ = conn.WriteMessage(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseNormalClosure, ""))
		untilClosed(conn)
	}))
	out, err := steptest.Use{Definition: exec.New(c.Env), Run: c.Run}.Do(t.Context(), t, "in: pod/web-0\ncommand: psql\nstdin: select 1")
	if err != nil || out["stdout"] != "half of the work" || out["simulated"] != false {
		t.Errorf("%v, %v", out, err)
	}
}

func TestWhenItIsNotKnownHowTheCommandEnded(t *testing.T) {
	t.Run("connection", func(t *testing.T) {
		c := played(t, channel(t, func(*websocket.Conn) {}))
		_, err := steptest.Use{Definition: exec.New(c.Env), Run: c.Run}.Do(t.Context(), t, "in: pod/web-0\ncommand: ls")
		if want := "the connection to container app of pod web-0 broke, so it is not known how the command ended: "; err == nil || !strings.HasPrefix(err.Error(), want) || step.VerdictOf(err) != step.Errored {
			t.Errorf("got %v", err)
		}
	})
	t.Run("pod", func(t *testing.T) {
		var c *kubetest.Cluster
		c = played(t, channel(t, func(*websocket.Conn) {
			zero := time.Duration(0)
			ref := kube.Ref{Kind: "pod", Name: "web-0"}
			if _, err := c.Target.Delete(context.WithoutCancel(t.Context()), ref, kube.Deletion{GracePeriod: &zero}); err != nil {
				t.Error(err)
			}
		}))
		_, err := steptest.Use{Definition: exec.New(c.Env), Run: c.Run}.Do(t.Context(), t, "in: pod/web-0\ncommand: ls")
		if want := "pod web-0 was deleted while the command ran, so it is not known how it ended: "; err == nil || !strings.HasPrefix(err.Error(), want) || step.VerdictOf(err) != step.Errored {
			t.Errorf("got %v", err)
		}
	})
	t.Run("forbidden", func(t *testing.T) {
		c := played(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","message":"pods \"web-0\" is forbidden: User \"dev\" cannot create resource \"pods/exec\"","reason":"Forbidden","code":403}`)
		})
		_, err := steptest.Use{Definition: exec.New(c.Env), Run: c.Run}.Do(t.Context(), t, "in: pod/web-0\ncommand: ls")
		if want := `run a command in container app of pod web-0: pods "web-0" is forbidden: User "dev" cannot create resource "pods/exec"`; err == nil || err.Error() != want || step.VerdictOf(err) != step.Errored {
			t.Errorf("got %v", err)
		}
	})
}

// busy answers as a server that is going down.
func busy(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusServiceUnavailable)
	fmt.Fprint(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","message":"the server is going down","reason":"ServiceUnavailable","code":503}`)
}

func TestRefusalForTheMomentIsWaitedFor(t *testing.T) {
	refusals := 2
	accept := channel(t, func(conn *websocket.Conn) {
		_ = conn.WriteMessage(websocket.BinaryMessage, []byte("\x03"+`{"metadata":{},"status":"Success"}`))
		_ = conn.WriteMessage(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseNormalClosure, ""))
		untilClosed(conn)
	})
	c := played(t, func(w http.ResponseWriter, r *http.Request) {
		if refusals > 0 {
			refusals--
			busy(w)
			return
		}
		accept(w, r)
	})
	out, err := steptest.Use{Definition: exec.New(c.Env), Run: c.Run}.Do(t.Context(), t, "in: pod/web-0\ncommand: ls")
	if err != nil || out["stdout"] != "half of the work" || refusals != 0 {
		t.Errorf("%v, %v, %d refusals are left", out, err, refusals)
	}
}

func TestServerThatDoesNotAnswerIsNoFailure(t *testing.T) {
	c := played(t, func(w http.ResponseWriter, _ *http.Request) { busy(w) })
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	_, err := steptest.Use{Definition: exec.New(c.Env), Run: c.Run}.Do(ctx, t, "in: pod/web-0\ncommand: ls")
	want := "the command was not started in container app of pod web-0: the server did not take the request in time: the server is going down"
	if err == nil || err.Error() != want || step.VerdictOf(err) != step.Errored {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

// TestSPDYWhereThereIsNoWebSocket puts a proxy before the server that lets nothing but SPDY through.
func TestSPDYWhereThereIsNoWebSocket(t *testing.T) {
	config, err := clientcmd.BuildConfigFromFlags("", kubetest.Kubeconfig(t))
	if err != nil {
		t.Fatal(err)
	}
	config.NextProtos = []string{"http/1.1"} // connections are upgraded
	transport, err := rest.TransportFor(config)
	if err != nil {
		t.Fatal(err)
	}
	target, err := url.Parse(config.Host)
	if err != nil {
		t.Fatal(err)
	}
	forward := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }, Transport: transport, FlushInterval: -1}
	refused := make(chan struct{}, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
			refused <- struct{}{}
			http.Error(w, "no WebSocket here", http.StatusBadRequest)
			return
		}
		forward.ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	file := filepath.Join(t.TempDir(), "kubeconfig")
	content := `{apiVersion: v1, kind: Config, current-context: p, contexts: [{name: p, context: {cluster: p}}], clusters: [{name: p, cluster: {server: "` + server.URL + `"}}]}`
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	c := kubetest.NewOn(t, file)
	pod(t, c, "web-0", "hello", "0")
	out, err := steptest.Use{Definition: exec.New(c.Env), Run: c.Run}.Do(t.Context(), t, "in: pod/web-0\ncommand: ls")
	if err != nil || out["stdout"] != "hello" {
		t.Errorf("%v, %v", out, err)
	}
	<-refused
}

func TestPolicyForbidsNamespaces(t *testing.T) {
	c := kubetest.New(t)
	pod(t, c, "web-0", "hello", "0")
	env := kube.NewEnv(kube.Options{Kubeconfig: c.Kubeconfig, Settings: settings.Settings{Policy: settings.Policy{
		ForbiddenNamespaces: []settings.Pattern{{Glob: "sr-*", At: "scenario-runner.yaml:3:5"}},
	}}})
	defer env.Close()
	run := *c.Run
	run.Scenario.Owned = false
	_, err := steptest.Use{Definition: exec.New(env), Run: &run}.Do(t.Context(), t, "in: pod/web-0\ncommand: ls")
	want := `changes in namespace "` + c.Target.Namespace + `" are forbidden by the policy ("sr-*", scenario-runner.yaml:3:5)`
	if err == nil || err.Error() != want || step.VerdictOf(err) != step.Errored {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}
