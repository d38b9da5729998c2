package faults

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/engine/steptest"
	"github.com/scenario-runner/scenario-runner/steps/builtin"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/kubetest"
)

// clusterSteps are service steps that reach into a cluster, as an author writes them.
func clusterSteps() map[string][2]string {
	return map[string][2]string{
		"exec":                 {"exec", `{in: pod/web, command: ls}`},
		"portForward":          {"portForward", `{to: pod/web, port: 80}`},
		"capture":              {"capture", `{objects: configmaps}`},
		"canI":                 {"canI", `{who: user/alice, denied: get secrets}`},
		"http (through a pod)": {"http", `{url: "http://web/orders", through: {to: pod/web, port: 80}}`},
	}
}

const pod = `{apiVersion: v1, kind: Pod, metadata: {name: web, labels: {app: web}}, spec: {containers: [{name: app, image: "registry.example/web:1", ports: [{containerPort: 80}]}]}}`

// trouble is what a proxy before the API server makes from some moment on.
type trouble struct{ now atomic.Value }

// answer makes the trouble; it is what kubetest.NewProxy calls.
func (m *trouble) answer(w http.ResponseWriter, r *http.Request) bool {
	switch m.now.Load() {
	case "gone midway":
		panic(http.ErrAbortHandler)
	case "slow":
		_, _ = io.Copy(io.Discard, r.Body) // the end of a connection shows when its request was read
		<-r.Context().Done()
	case "garbage":
		fmt.Fprint(w, "<html>please log in</html>")
	case "refused":
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprint(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","message":"Unauthorized","reason":"Unauthorized","code":401}`)
	default:
		return false
	}
	return true
}

// kubeconfig writes one with a token that is a secret.
func kubeconfig(t *testing.T, server string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "kubeconfig")
	text := `{apiVersion: v1, kind: Config, current-context: there, contexts: [{name: there, context: {cluster: there, user: qa}}],` +
		` clusters: [{name: there, cluster: {server: "` + server + `"}}], users: [{name: qa, user: {token: ` + secret + `}}]}`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// inClusters runs every step that reaches into a cluster against every fault of the API server.
func inClusters(t *testing.T, all *table) {
	for name, c := range clusterSteps() {
		for _, fault := range faultNames() {
			t.Run(name+"/"+fault, func(t *testing.T) {
				t.Parallel()
				if fault == "away" || fault == "stranger" {
					neverReached(t, all, name, c, fault)
				} else {
					lostMidway(t, all, name, c, fault)
				}
			})
		}
	}
}

// lostMidway runs a step on a cluster whose server fails once the step is on its way.
func lostMidway(t *testing.T, all *table, name string, c [2]string, fault string) {
	t.Helper()
	made := &trouble{}
	made.now.Store("")
	proxy := kubetest.NewProxy(t, kubetest.Kubeconfig(t), made.answer, nil)
	cluster := kubetest.NewOn(t, proxy.Kubeconfig)
	cluster.Apply(t, pod)
	cluster.Until(t, "pod/web", func(o *unstructured.Unstructured) bool {
		phase, _, _ := unstructured.NestedString(o.Object, "status", "phase")
		return phase == "Running"
	})
	definition, ok := builtin.New(cluster.Env).Get(c[0])
	if !ok {
		t.Fatalf("there is no step %s", c[0])
	}
	made.now.Store(fault)
	_, err := steptest.Use{Definition: definition, Run: cluster.Run}.Do(within(t, fault), t, c[1])
	made.now.Store("") // the clean-up works again
	all.add(t, name, fault, cluster.Host, err, serverOf(t, proxy.Kubeconfig)...)
}

// neverReached runs a step on a cluster that can't be reached from the start.
func neverReached(t *testing.T, all *table, name string, c [2]string, fault string) {
	t.Helper()
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = quiet()
	server.StartTLS()
	t.Cleanup(server.Close)
	if fault == "away" {
		server.Close()
	}
	file := kubeconfig(t, server.URL)
	env := kube.NewEnv(kube.Options{Kubeconfig: file, CacheDir: t.TempDir()})
	t.Cleanup(env.Close)
	registry := builtin.New(env)
	definition, ok := registry.Get(c[0])
	if !ok {
		t.Fatalf("there is no step %s", c[0])
	}
	host := steptest.NewHost(t, forgiving(registry.Undos)...)
	_, err := steptest.Use{Definition: definition, Run: &step.Run{Host: host}}.Do(within(t, fault), t, c[1])
	all.add(t, name, fault, host, err, server.URL, "URL", strings.TrimPrefix(server.URL, "https://"), "ADDRESS", file, "KUBECONFIG")
}

// serverOf names what differs from run to run in what is said of a proxy's cluster.
func serverOf(t *testing.T, file string) []string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), `server: "`)
	address, _, _ := strings.Cut(rest, `"`)
	return []string{address, "URL", strings.TrimPrefix(address, "http://"), "ADDRESS", file, "KUBECONFIG"}
}
