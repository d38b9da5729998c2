package promql

import (
	"context"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/engine/steptest"
	"github.com/scenario-runner/scenario-runner/internal/testparts"
	"github.com/scenario-runner/scenario-runner/steps/endpoint"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/prometheus"
	"github.com/scenario-runner/scenario-runner/steps/settings"
)

func TestContract(t *testing.T) { steptest.Contract(t, New(kube.NewEnv(kube.Options{}))) }

// at is the step in a project that names a Prometheus.
func at(t *testing.T, url string) (steptest.Use, *kube.Env) {
	t.Helper()
	env := kube.NewEnv(kube.Options{Settings: settings.Settings{Prometheus: &settings.Endpoint{URL: url}}})
	t.Cleanup(env.Close)
	return steptest.Use{Definition: New(env), Run: &step.Run{Host: steptest.NewHost(t), Scenario: step.Scenario{ID: "sr-test", Dir: t.TempDir()}}}, env
}

// real is the step with a real Prometheus that holds some samples.
func real(t *testing.T) (use steptest.Use, now time.Time) {
	t.Helper()
	server, _ := testparts.Metrics(t)
	use, env := at(t, server.URL)
	conn, err := endpoint.Open(t.Context(), env.Settings(), use.Run, settings.Prometheus, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	now = time.Now().UTC().Truncate(time.Second)
	series := []prometheus.Series{{Labels: map[string]string{"__name__": "memory", "pod": "a"}}, {Labels: map[string]string{"__name__": "memory", "pod": "b"}, Points: prometheus.At(now, 7)}}
	for i := range 5 {
		series[0].Points = append(series[0].Points, prometheus.Point{At: now.Add(time.Duration(i-4) * time.Second), Value: float64(i)})
	}
	if err := (prometheus.Client{Conn: conn}).Write(t.Context(), series); err != nil {
		t.Fatal(err)
	}
	return use, now
}

func TestInstantAndRange(t *testing.T) {
	use, now := real(t)
	out, err := use.Do(t.Context(), t, `memory{pod="a"}`)
	if err != nil || out["value"] != 4.0 || out["count"] != 1 || out["type"] != "vector" {
		t.Errorf("got %v, %v", out, err)
	}
	out, err = use.Do(t.Context(), t, `memory`)
	if err != nil || out["value"] != nil || out["count"] != 2 {
		t.Errorf("two series: got %v, %v", out, err)
	}
	out, err = use.Do(t.Context(), t, `{query: 'memory{pod="a"}', at: `+now.Add(-2*time.Second).Format(time.RFC3339)+`}`)
	if err != nil || out["value"] != 2.0 {
		t.Errorf("two seconds ago: got %v, %v", out, err)
	}
	out, err = use.Do(t.Context(), t, `nothing_has_this_name`)
	if err != nil || out["value"] != nil || out["count"] != 0 {
		t.Errorf("no series: got %v, %v", out, err)
	}
	out, err = use.Do(t.Context(), t, `scalar(sum(memory)) * 2`)
	if err != nil || out["value"] != 22.0 || out["type"] != "scalar" {
		t.Errorf("scalar: got %v, %v", out, err)
	}
	out, err = use.Do(t.Context(), t, `{query: 'memory{pod="a"}', range: {start: `+now.Add(-4*time.Second).Format(time.RFC3339)+`, end: `+now.Format(time.RFC3339)+`, step: 2s}}`)
	if err != nil {
		t.Fatal(err)
	}
	var values []float64
	for _, p := range out["samples"].([]any)[0].(map[string]any)["points"].([]any) {
		values = append(values, p.(map[string]any)["value"].(float64))
	}
	if d := cmp.Diff([]float64{0, 2, 4}, values); d != "" || out["type"] != "matrix" {
		t.Errorf("range (-want +got):\n%s", d)
	}
	_, err = use.Do(t.Context(), t, `sum(`)
	want := `Prometheus does not accept the query: invalid parameter "query": 1:5: parse error: unclosed left parenthesis`
	if err == nil || err.Error() != want || step.VerdictOf(err) != step.Errored {
		t.Errorf("got %v, want %s", err, want)
	}
}

// TestFaults meets servers that do not answer as Prometheus does.
func TestFaults(t *testing.T) {
	handle := func(h http.HandlerFunc) string {
		server := httptest.NewServer(h)
		t.Cleanup(server.Close)
		return server.URL
	}
	text := func(status int, body string) string {
		return handle(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status); fmt.Fprint(w, body) })
	}
	silent := make(chan struct{})
	slow := handle(func(http.ResponseWriter, *http.Request) { <-silent })
	defer close(silent)
	for url, want := range map[string]string{
		text(200, "<html>login</html>"):                    `POST URL/api/v1/query did not answer as Prometheus does; it says "<html>login</html>"`,
		text(200, `{"status":"success"}`):                  `POST URL/api/v1/query did not answer as Prometheus does; it says "success"`,
		text(401, "who are you?"):                          `POST URL/api/v1/query was refused with status 401: who are you?`,
		text(503, `{"status":"error","error":"starting"}`): `POST URL/api/v1/query was refused with status 503: starting`,
		slow: `POST URL/api/v1/query: no answer within 50ms`,
		text(200, `{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"x"]}]}}`): `POST URL/api/v1/query did not answer as Prometheus does; ` +
			`it says "[{\"metric\":{},\"value\":[1,\"x\"]}]": expected a number, found "x"`,
	} {
		use, _ := at(t, url)
		_, err := use.Do(t.Context(), t, `{query: up, server: {url: "`+url+`", requestTimeout: 50ms}}`)
		want = strings.ReplaceAll(want, "URL", url)
		if err == nil || err.Error() != want || step.VerdictOf(err) != step.Errored {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	use, _ := at(t, gone.URL)
	want := "POST " + gone.URL + "/api/v1/query: connection refused: nothing listens on " + strings.TrimPrefix(gone.URL, "http://")
	if _, err := use.Do(t.Context(), t, `up`); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// TestTrust does not talk to a server that anybody could be, and does when its authority is named.
func TestTrust(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer s3cret" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		fmt.Fprint(w, `{"status":"success","data":{"resultType":"scalar","result":[1,"5"]}}`)
	}))
	defer server.Close()
	use, env := at(t, server.URL)
	want := "POST " + server.URL + "/api/v1/query: the certificate of the server is signed by an authority that is not trusted; name that authority in tls.ca"
	if _, err := use.Do(t.Context(), t, `up`); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	e := env.Settings().Prometheus
	e.TLS, e.Bearer = &settings.TLS{CA: ca}, settings.Value{Env: "TOKEN"}
	env.Settings().LookupEnv = func(string) (string, bool) { return "s3cret", true }
	host := &masking{Host: steptest.NewHost(t)}
	use.Run.Host = host
	out, err := use.Do(t.Context(), t, `up`)
	if err != nil || out["value"] != 5.0 {
		t.Errorf("got %v, %v", out, err)
	}
	if d := cmp.Diff([]string{"s3cret"}, host.masked); d != "" {
		t.Errorf("masked (-want +got):\n%s", d)
	}
}

// masking is a host that keeps what is masked.
type masking struct {
	*steptest.Host
	masked []string
}

func (m *masking) Mask(secret string) { m.masked = append(m.masked, secret) }

func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		cancel()
		<-ended
	}))
	defer server.Close()
	defer close(ended)
	use, _ := at(t, server.URL)
	if _, err := use.Do(ctx, t, `up`); err == nil || ctx.Err() == nil {
		t.Errorf("got %v", err)
	}
}

func TestMistakes(t *testing.T) {
	use, _ := at(t, "http://a")
	for config, want := range map[string]string{
		`{query: " "}`:                                                                 `query is empty; expected a PromQL expression such as up == 0`,
		`{query: up, at: yesterday}`:                                                   `"yesterday" is no time; write it as in 2026-01-31T12:00:00Z`,
		`{query: up, range: {step: 1s}}`:                                               `range needs last, as in 5m, or start`,
		`{query: up, range: 5m, at: 2026-01-31T12:00:00Z}`:                             `only one of at, range can be given`,
		`{query: up, range: {last: 5m, start: 2026-01-31T12:00:00Z}}`:                  `only one of last, start can be given`,
		`{query: up, range: {start: 2026-01-31T12:00:00Z, end: 2026-01-31T11:00:00Z}}`: `the span ends before it starts`,
		`{query: up, server: {url: "ftp://a"}}`:                                        `an address starts with http:// or https:// and names a host; found "ftp://a"`,
	} {
		if _, got := use.Compile(t, config); !strings.Contains(got, want) {
			t.Errorf("%s: got %s, want %s", config, got, want)
		}
	}
}
