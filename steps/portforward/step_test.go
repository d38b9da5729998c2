package portforward_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
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
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/engine/steptest"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/kubetest"
	"github.com/scenario-runner/scenario-runner/steps/kube/remote"
	"github.com/scenario-runner/scenario-runner/steps/portforward"
)

func TestContract(t *testing.T) {
	steptest.Contract(t, portforward.New(kube.NewEnv(kube.Options{})))
}

func TestCompileReportsMistakes(t *testing.T) {
	tests := []struct{ name, body, want string }{
		{"nowhere", "port: 80", `step.yaml:1:1: portForward needs "to": where to: a pod, pods by labels, a workload, or a Service [missing-field]` + "\n"},
		{"no port", "to: pod/a", `step.yaml:1:1: portForward needs "port": number or name of the port; of a Service it is the Service's port [missing-field]` + "\n"},
		{"empty port", "to: pod/a\nport: ''", "step.yaml:2:7: port is empty; give its number or name [invalid-value]\n"},
		{"local port", "to: pod/a\nport: 80\nlocalPort: 70000", "step.yaml:3:12: localPort must be from 1 to 65535, found 70000; leave it out for a free one [invalid-value]\n"},
		{"reference", "to: {kind: pod, name: a, labels: {b: c}}\nport: 80", "step.yaml:1:1: pod/a[b=c] has a name and a label selector; give one of them [invalid-value]\n"},
		{"known later", "to: ${{ vars.to }}\nport: ${{ vars.port }}\nlocalPort: ${{ vars.local }}", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, diags := steptest.Use{Definition: portforward.New(kube.NewEnv(kube.Options{}))}.Compile(t, tt.body)
			if diff := cmp.Diff(tt.want, heads(diags)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// heads drops the excerpts of diagnostics.
func heads(diags string) string {
	var b strings.Builder
	for line := range strings.Lines(diags) {
		if strings.HasPrefix(line, "step.yaml:") {
			b.WriteString(line)
		}
	}
	return b.String()
}

const web = `
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: web}
spec:
  serviceName: web
  replicas: 2
  podManagementPolicy: Parallel
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: app, image: a, ports: [{name: http, containerPort: 8080}]}]}
`

const service = `
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{name: front, port: 80, targetPort: http}, {name: plain, port: 90}]}
`

func deployed(t *testing.T, kubeconfig string) *kubetest.Cluster {
	t.Helper()
	c := kubetest.NewOn(t, kubeconfig)
	c.Apply(t, service)
	c.Apply(t, web)
	c.Until(t, "statefulset/web", func(o *unstructured.Unstructured) bool {
		ready, _, _ := unstructured.NestedInt64(o.Object, "status", "readyReplicas")
		return ready == 2
	})
	return c
}

// fetch makes a request over a new connection, again and again until the connection stands: a pod may have gone this moment.
func fetch(t *testing.T, address string) string {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := client.Do(request)
		if err != nil {
			if t.Context().Err() != nil {
				t.Fatal(err)
			}
			continue
		}
		body, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if err == nil {
			return string(body)
		}
	}
}

func TestForwards(t *testing.T) {
	c := deployed(t, kubetest.Kubeconfig(t))
	for to, port := range map[string]int{
		"to: service/web\nport: front":                    8080,
		"to: service/web\nport: 80":                       8080,
		"to: service/web\nport: plain":                    90,
		"to: statefulset/web\nport: http":                 8080,
		"to: pod/web-0\nport: 9000\nscheme: http":         9000,
		"to: {kind: pod, labels: {app: web}}\nport: http": 8080,
	} {
		out, err := steptest.Use{Definition: portforward.New(c.Env), Run: c.Run}.Do(t.Context(), t, to)
		if err != nil {
			t.Fatal(err)
		}
		if out["pod"] != "web-0" || out["podPort"] != port || out["host"] != "127.0.0.1" || out["url"] != fmt.Sprintf("http://127.0.0.1:%d", out["port"]) {
			t.Errorf("%s: %v", to, out)
		}
		want := fmt.Sprintf("[simulated] pod %s/web-0, port %d, GET /healthz\n", c.Target.Namespace, port)
		for range 3 {
			if body := fetch(t, out["url"].(string)+"/healthz"); body != want {
				t.Errorf("%s: got %q, want %q", to, body, want)
			}
		}
	}
}

func TestChoosesAnotherPodWhenOneGoes(t *testing.T) {
	c := deployed(t, kubetest.Kubeconfig(t))
	moved := make(chan struct{}, 10)
	c.Host.OnProgress = func(text string) {
		if strings.HasPrefix(text, "pod web-0 ") {
			moved <- struct{}{}
		}
	}
	out, err := steptest.Use{Definition: portforward.New(c.Env), Run: c.Run}.Do(t.Context(), t, "to: service/web\nport: front")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Target.Scale(t.Context(), kube.Ref{Kind: "statefulset", Name: "web"}, 0, kube.Change{}); err != nil {
		t.Fatal(err)
	}
	<-moved
	c.Apply(t, strings.Replace(web, "{name: web}\n", "{name: next}\n", 1))
	// Whichever pod is ready first is taken; the other one of the old set may take a moment to go.
	for {
		body := fetch(t, out["url"].(string)+"/")
		if strings.Contains(body, c.Target.Namespace+"/next-") {
			return
		}
		if !strings.Contains(body, "/web-1,") {
			t.Fatalf("got %q", body)
		}
	}
}

func TestEndsWithTheScenario(t *testing.T) {
	c := deployed(t, kubetest.Kubeconfig(t))
	host := steptest.NewHost(t, kubetest.WithoutNamespaceWait(c.Env.Undos())...)
	run := *c.Run
	run.Host = host
	out, err := steptest.Use{Definition: portforward.New(c.Env), Run: &run}.Do(t.Context(), t, "to: pod/web-0\nport: 80")
	if err != nil {
		t.Fatal(err)
	}
	address := strings.TrimPrefix(out["url"].(string), "http://")
	open, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer open.Close()
	if err := host.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(open); err != nil && !strings.Contains(err.Error(), "reset") {
		t.Errorf("the connection ended with %v", err)
	}
	if again, err := net.Dial("tcp", address); err == nil {
		_ = again.Close()
		t.Error("it still listens after the scenario")
	}
}

func TestVerdicts(t *testing.T) {
	c := deployed(t, kubetest.Kubeconfig(t))
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	port := taken.Addr().(*net.TCPAddr).Port
	c.Apply(t, "apiVersion: v1\nkind: Service\nmetadata: {name: idle}\nspec: {selector: {app: idle}, ports: [{port: 80}]}\n")
	tests := []struct {
		name, body string
		verdict    step.Verdict
		want       string
	}{
		{"no service", "to: service/nothing\nport: 80", step.Failed, "service/nothing does not exist in namespace " + c.Target.Namespace},
		{"no pods", "to: service/idle\nport: 80", step.Failed, "timed out: no pod is ready for service/idle: there are no pods"},
		{"no such port of the service", "to: service/web\nport: back", step.Errored, "Service web has no port back; it has 80 front, 90 plain"},
		{"no such port of the pod", "to: pod/web-0\nport: htp", step.Errored, `pod web-0 has no port called "htp"; did you mean "http"?`},
		{"taken", fmt.Sprintf("to: pod/web-0\nport: http\nlocalPort: %d", port), step.Errored, fmt.Sprintf("local port %d is taken; choose another one, or leave localPort out for a free one", port)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			_, err := steptest.Use{Definition: portforward.New(c.Env), Run: c.Run}.Do(ctx, t, tt.body)
			if err == nil || step.VerdictOf(err) != tt.verdict || err.Error() != tt.want {
				t.Errorf("got  %v (%s)\nwant %s (%s)", err, step.VerdictOf(err), tt.want, tt.verdict)
			}
		})
	}
}

func TestForbidden(t *testing.T) {
	proxy := kubetest.NewProxy(t, kubetest.Kubeconfig(t), func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.URL.Path, "/portforward") {
			return false
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","message":"pods \"web-0\" is forbidden","reason":"Forbidden","code":403}`)
		return true
	}, nil)
	c := deployed(t, proxy.Kubeconfig)
	_, err := steptest.Use{Definition: portforward.New(c.Env), Run: c.Run}.Do(t.Context(), t, "to: pod/web-0\nport: 80")
	if want := `connect to pod web-0: pods "web-0" is forbidden`; err == nil || err.Error() != want || step.VerdictOf(err) != step.Errored {
		t.Errorf("got %v", err)
	}
}

func TestCancelEndsIt(t *testing.T) {
	c := kubetest.New(t)
	ctx, cancel := context.WithCancel(t.Context())
	c.Host.OnProgress = func(string) { cancel() }
	_, err := steptest.Use{Definition: portforward.New(c.Env), Run: c.Run}.Do(ctx, t, "to: {kind: pod, labels: {app: web}}\nport: 80")
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// TestSPDYWhereThereIsNoWebSocket puts a proxy before the server that lets nothing but SPDY through, and uses the
// forwarder as clients of this process do.
func TestSPDYWhereThereIsNoWebSocket(t *testing.T) {
	c := deployed(t, withoutWebSocket(t))
	forwarder := remote.NewForwarder(t.Context(), c.Target, kube.Ref{Kind: "service", Name: "web"}, "front", func(string) {})
	defer forwarder.Close()
	client := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return forwarder.Dial(ctx) }}}
	defer client.CloseIdleConnections()
	for range 3 {
		response, err := client.Get("http://web/orders")
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if want := fmt.Sprintf("[simulated] pod %s/web-0, port 8080, GET /orders\n", c.Target.Namespace); err != nil || string(body) != want {
			t.Errorf("%q, %v", body, err)
		}
	}
}

// withoutWebSocket returns the kubeconfig of a proxy that refuses WebSocket.
func withoutWebSocket(t *testing.T) string {
	t.Helper()
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
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
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
	return file
}
