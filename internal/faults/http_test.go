package faults

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/engine/steptest"
	"github.com/scenario-runner/scenario-runner/steps/builtin"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

// patience is how long a request may take, where it is not the fault that it takes long.
const patience = "15s"

// clients are the steps that speak HTTP, as an author writes them. LOGIN stands for the header with the secret.
func clients() map[string][2]string {
	const server = `{url: "URL", headers: LOGIN, requestTimeout: ` + patience + `}`
	return map[string][2]string{
		"http":                           {"http", `{url: "URL", headers: LOGIN, requestTimeout: ` + patience + `, expect: {that: 'response.body.state == "done"'}}`},
		"fireAlert (webhook)":            {"fireAlert", `{alertname: A, to: {webhook: "URL", headers: LOGIN, requestTimeout: ` + patience + `}}`},
		"fireAlert (Alertmanager)":       {"fireAlert", `{alertname: A, to: {alertmanager: "URL", headers: LOGIN, requestTimeout: ` + patience + `}}`},
		"silence":                        {"silence", `{alertname: A, server: ` + server + `}`},
		"resolveAlert":                   {"resolveAlert", `{alertname: A, in: alertmanager, server: ` + server + `}`},
		"promql":                         {"promql", `{query: up, server: ` + server + `}`},
		"loadTest":                       {"loadTest", `{url: "URL", headers: LOGIN, requestTimeout: ` + patience + `, rate: 20, duration: 100ms}`},
		"assert over the source http":    {"assert", `{given: {a: {http: {url: "URL", headers: LOGIN}}}, that: a.status == 200}`},
		"assert over the source alerts":  {"assert", `{given: {a: {alerts: {server: ` + server + `}}}, that: len(a) == 1}`},
		"assert over the source metrics": {"assert", `{given: {a: {metrics: {url: "URL", headers: LOGIN}}}, that: len(a) == 1}`},
	}
}

// broken starts a server with each fault, and returns their addresses.
func broken(t *testing.T) map[string]string {
	t.Helper()
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	out := map[string]string{"away": closed.URL}
	for fault, answer := range map[string]http.HandlerFunc{
		"gone midway": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"slow": func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body) // the end of a connection shows when its request was read
			<-r.Context().Done()
		},
		"garbage": func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>please log in</html>") },
		"refused": func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "who are you?", http.StatusUnauthorized) },
	} {
		server := httptest.NewServer(answer)
		t.Cleanup(func() { server.CloseClientConnections(); server.Close() })
		out[fault] = server.URL
	}
	stranger := httptest.NewUnstartedServer(http.NotFoundHandler())
	stranger.Config.ErrorLog = quiet()
	stranger.StartTLS()
	t.Cleanup(stranger.Close)
	out["stranger"] = stranger.URL
	return out
}

// overHTTP runs every client against every fault.
func overHTTP(t *testing.T, all *table) {
	servers := broken(t)
	for name, c := range clients() {
		for _, fault := range faultNames() {
			env := kube.NewEnv(kube.Options{})
			registry := builtin.New(env)
			definition, ok := registry.Get(c[0])
			if !ok {
				t.Fatalf("there is no step %s", c[0])
			}
			host := steptest.NewHost(t, forgiving(registry.Undos)...)
			body := strings.NewReplacer("URL", servers[fault], "LOGIN", `{Authorization: "Bearer `+secret+`"}`).Replace(c[1])
			if fault == "slow" {
				body = strings.ReplaceAll(body, patience, "200ms")
			}
			_, err := steptest.Use{Definition: definition, Run: &step.Run{Host: host}}.Do(within(t, fault), t, body)
			all.add(t, name, fault, host, err, servers[fault], "URL", strings.TrimPrefix(strings.TrimPrefix(servers[fault], "http://"), "https://"), "ADDRESS")
			env.Close()
		}
	}
}
