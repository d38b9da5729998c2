package loadtest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/engine/steptest"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	project "github.com/scenario-runner/scenario-runner/steps/settings"
)

func TestContract(t *testing.T) { steptest.Contract(t, New(kube.NewEnv(kube.Options{}))) }

func use(t *testing.T, url string) (steptest.Use, *steptest.Host) {
	t.Helper()
	host := steptest.NewHost(t)
	return steptest.Use{Definition: New(kube.NewEnv(kube.Options{})), Run: &step.Run{
		Host: host, Scope: eval.Scope{"vars": map[string]any{"url": url}}, Scenario: step.Scenario{ID: "sr-test", Dir: t.TempDir()},
	}}, host
}

func serve(t *testing.T, handler http.HandlerFunc) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.Start()
	t.Cleanup(server.Close)
	return server
}

func TestWhatIsSent(t *testing.T) {
	var mu sync.Mutex
	var seen []string
	server := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, fmt.Sprint(r.Method, " ", r.URL, " ", r.Header.Get("Content-Type"), " ", r.Header.Get("Authorization"), " ", string(body)))
	})
	u, host := use(t, server.URL)
	out, err := u.Do(t.Context(), t, `{url: "${{ vars.url }}/a/${{ index % 2 }}", json: {n: "${{ index }}"}, headers: {authorization: Bearer s3cr3t}, rate: 60, duration: 50ms}`)
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(seen)
	want := []string{
		`POST /a/0 application/json Bearer s3cr3t {"n":0}`, `POST /a/0 application/json Bearer s3cr3t {"n":2}`, `POST /a/1 application/json Bearer s3cr3t {"n":1}`,
	}
	if d := cmp.Diff(want, seen); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
	if out["requests"] != 3 || out["succeeded"] != 3 || out["errorRate"] != 0.0 || out["min"].(time.Duration) <= 0 || out["p99"] != out["max"] {
		t.Errorf("outputs are %v", out)
	}
	if !slices.Contains(host.Secrets(), "s3cr3t") {
		t.Errorf("the token is not masked; masked are %q", host.Secrets())
	}
	var kept map[string]any
	if err := json.Unmarshal(host.Attached("step1.json"), &kept); err != nil || kept["requests"] != 3.0 {
		t.Errorf("attached %s, %v", host.Attached("step1.json"), err)
	}
}

// outcomes runs a load of 10 requests on a handler.
func outcomes(t *testing.T, handler http.HandlerFunc, more string) (map[string]any, error) {
	t.Helper()
	server := serve(t, handler)
	u, _ := use(t, server.URL)
	return u.Do(t.Context(), t, `{url: "${{ vars.url }}/x", rate: 100, duration: 100ms, requestTimeout: 300ms`+more+`}`)
}

func TestVerdicts(t *testing.T) {
	var asked atomic.Int64
	everyOther := func(bad http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if asked.Add(1)%2 == 0 {
				bad(w, r)
			}
		}
	}
	busy := everyOther(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	gone := everyOther(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	hangs := everyOther(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		more    string
		want    string
		verdict step.Verdict
		errors  map[string]any
	}{
		"good":            {func(http.ResponseWriter, *http.Request) {}, "", "", step.Passed, map[string]any{}},
		"busy":            {busy, "", "5 of 10 requests failed: answered with 503 Service Unavailable", step.Failed, map[string]any{"answered with 503 Service Unavailable": 5}},
		"busy is ok":      {busy, ", expect: {status: [200, 503]}", "", step.Passed, map[string]any{}},
		"few enough":      {busy, ", expect: {that: result.errorRate <= 0.5}", "", step.Passed, map[string]any{"answered with 503 Service Unavailable": 5}},
		"too many":        {busy, ", expect: {that: [result.errorRate < 0.1, result.requests == 10, 'result.p50 < duration(\"0s\")']}", `not true of 10 requests: result.errorRate < 0.1; result.p50 < duration("0s")`, step.Failed, map[string]any{"answered with 503 Service Unavailable": 5}},
		"gone in between": {gone, ", method: POST", "5 of 10 requests failed: the server closed the connection before it answered", step.Failed, map[string]any{"the server closed the connection before it answered": 5}},
		"slow":            {hangs, "", "5 of 10 requests failed: no answer within 300ms", step.Failed, map[string]any{"no answer within 300ms": 5}},
		"can't be told":   {busy, ", expect: {that: result.errors.none == 0}", "result.errors.none == 0 can't be told: result.errors has no field \"none\"; it has answered with 503 Service Unavailable (where it may be absent write `result.errors.none ?? …`)", step.Errored, map[string]any{"answered with 503 Service Unavailable": 5}},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := outcomes(t, c.handler, c.more)
			got := ""
			if err != nil {
				got = err.Error()
			}
			if got != c.want || step.VerdictOf(err) != c.verdict {
				t.Errorf("got  %s (%s)\nwant %s (%s)", got, step.VerdictOf(err), c.want, c.verdict)
			}
			if d := cmp.Diff(c.errors, out["errors"]); d != "" {
				t.Errorf("errors (-want +got):\n%s", d)
			}
			if f, ok := errors.AsType[*step.Failure](err); ok {
				if s := f.Sections; len(s) == 0 || s[0].Title != "times" || !strings.Contains(s[0].Lines[0], "p95 ") {
					t.Errorf("the times are not shown: %v", s)
				}
			}
		})
	}
}

// TestLateness judges made-up outcomes: a busy machine can't be made on demand.
func TestLateness(t *testing.T) {
	for name, c := range map[string]struct {
		that string
		out  Outputs
		want string
	}{
		"in time":         {"result.p95 < duration('1s')", Outputs{Requests: 100, Late: 5, P95: 2 * time.Second}, "failed"},
		"late":            {"result.p95 < duration('1s')", Outputs{Requests: 100, Late: 6, P95: 2 * time.Second}, "inconclusive"},
		"late, but short": {"result.p95 < duration('1s')", Outputs{Requests: 100, Late: 60, P95: time.Millisecond}, "passed"},
		"late, failures":  {"result.errorRate == 0 && result.p95 < duration('1s')", Outputs{Requests: 100, Late: 60, ErrorRate: 1}, "failed"},
	} {
		p, problem := eval.NewEnv().With("result", eval.AnyType).Compile(c.that, eval.Bool)
		if problem != nil {
			t.Fatal(problem)
		}
		var that eval.Expr[bool]
		that.SetProgram(p)
		err := (&test{run: &step.Run{Scope: eval.Scope{}}, config: &Config{Expect: &Expect{That: []eval.Expr[bool]{that}}}}).judge(&c.out)
		if got := string(step.VerdictOf(err)); got != c.want {
			t.Errorf("%s: %s, %v, want %s", name, got, err, c.want)
		}
		const want = "not true of 100 requests: result.p95 < duration('1s'); but this machine could not keep the rate: 6 requests left more than 100ms late, so these times say nothing about the server"
		if name == "late" && err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestServerGoesAwayWhileItIsAsked(t *testing.T) {
	var asked atomic.Int64
	var server *httptest.Server
	gone := make(chan struct{})
	server = serve(t, func(http.ResponseWriter, *http.Request) {
		if asked.Add(1) == 3 {
			go func() {
				defer close(gone)
				server.Config.SetKeepAlivesEnabled(false)
				_ = server.Listener.Close()
			}()
		}
	})
	u, _ := use(t, server.URL)
	out, err := u.Do(t.Context(), t, `{url: "${{ vars.url }}/x", rate: 50, duration: 400ms}`)
	<-gone
	if step.VerdictOf(err) != step.Failed || out["failed"].(int) < 5 || out["succeeded"].(int) < 3 {
		t.Errorf("got %v, outputs %v", err, out)
	}
	refused := "connection refused: nothing listens on " + strings.TrimPrefix(server.URL, "http://")
	if out["errors"].(map[string]any)[refused] == nil {
		t.Errorf("errors are %v, want some of %q", out["errors"], refused)
	}
}

func TestWrongCertificate(t *testing.T) {
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	u, _ := use(t, server.URL)
	_, err := u.Do(t.Context(), t, `{url: "${{ vars.url }}/x", rate: 20, duration: 100ms}`)
	const want = "2 of 2 requests failed: the certificate of the server is signed by an authority that is not trusted; name that authority in tls.ca"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestNothingIsSentOfAWrongTemplate(t *testing.T) {
	u, _ := use(t, "127.0.0.1:1")
	_, err := u.Do(t.Context(), t, `{url: "${{ vars.url }}/x", rate: 20, duration: 1h}`)
	const want = `expected an address such as http://127.0.0.1:8080/orders, found "127.0.0.1:1/x"`
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestProgressAndCancel(t *testing.T) {
	server := serve(t, func(http.ResponseWriter, *http.Request) {})
	u, host := use(t, server.URL)
	ctx, cancel := context.WithCancel(t.Context())
	host.OnProgress = func(string) { cancel() }
	out, err := u.Do(ctx, t, `{url: "${{ vars.url }}/x", rate: 20, duration: 1h}`)
	if !errors.Is(err, context.Canceled) || out["requests"].(int) < 10 {
		t.Errorf("got %v, %v", out, err)
	}
	if seen := host.Seen(); !strings.Contains(seen[0], " of 72000 requests, 0 failed, p95 ") {
		t.Errorf("progress is %q", seen)
	}
}

func TestMistakes(t *testing.T) {
	for name, c := range map[string]struct{ body, want string }{
		"nothing":     {"{url: http://a}", "step.yaml:1:1: loadTest needs rate and duration, or stages [missing-field]"},
		"two ways":    {"{url: http://a, rate: 1, stages: [{rate: 1, duration: 1s}]}", "step.yaml:1:17: only one of stages, rate can be given [exclusive-fields]"},
		"no rate":     {"{url: http://a, rate: 0, duration: 1s}", "step.yaml:1:23: expected a positive rate in requests per second, found 0 [invalid-value]"},
		"no duration": {"{url: http://a, rate: 1, duration: 0s}", "step.yaml:1:36: expected a positive duration, found 0s [invalid-value]"},
		"stage":       {"{url: http://a, stages: [{rate: 1, duration: 1s}, {rate: -1, duration: 1s}]}", "step.yaml:1:58: expected a positive rate in requests per second, found -1 [invalid-value]"},
		"falls below": {"{url: http://a, stages: [{rate: 1, to: -1, duration: 1s}]}", "step.yaml:1:40: expected a rate of 0 or more, found -1 [invalid-value]"},
		"policy":      {"{url: http://a, rate: 101, duration: 1s}", "step.yaml:1:23: a load of 101 requests per second is more than the 100 that are allowed; choose a lower rate, or have policy.maxRate in scenario-runner.yaml raised [policy]"},
		"ramp":        {"{url: http://a, stages: [{rate: 1, to: 200, duration: 1s}]}", "step.yaml:1:17: a load of 200 requests per second is more than the 100 that are allowed; choose a lower rate, or have policy.maxRate in scenario-runner.yaml raised [policy]"},
		"too many":    {"{url: http://a, rate: 100, duration: 24h}", "step.yaml:1:1: these are 8640000 requests; a step sends at most 5000000 [invalid-value]"},
		"address":     {"{url: localhost, rate: 1, duration: 1s}", `step.yaml:1:7: expected an address such as http://127.0.0.1:8080/orders, found "localhost" [invalid-value]`},
		"bodies":      {"{url: http://a, rate: 1, duration: 1s, json: 1, body: x}", `step.yaml:1:55: only one of json, body can be given; "json" is given already [exclusive-fields]`},
		"method":      {"{url: http://a, rate: 1, duration: 1s, method: get}", "step.yaml:1:48: a method is written in capitals: GET [invalid-value]"},
		"in flight":   {"{url: http://a, rate: 1, duration: 1s, maxInFlight: 0}", "step.yaml:1:53: expected 1 to 10000, found 0 [invalid-value]"},
		"tls":         {"{url: http://a, rate: 1, duration: 1s, tls: {serverName: b}}", "step.yaml:1:40: tls means nothing for an address that starts with http:// [invalid-value]"},
		"field":       {"{url: http://a, rate: 1, duration: 1s, expect: {that: result.p96 < 1}}", `step.yaml:1:62: unknown field "p96" of result; did you mean "p90"? [unknown-field]`},
		"types":       {"{url: http://a, rate: 1, duration: 1s, expect: {that: result.p95 < 300}}", `step.yaml:1:66: < can't join a duration and a whole number; write duration("30s") [operand-types]`},
	} {
		t.Run(name, func(t *testing.T) {
			env := kube.NewEnv(kube.Options{Settings: project.Settings{Policy: project.Policy{MaxRate: 100}}})
			_, got := steptest.Use{Definition: New(env)}.Compile(t, c.body)
			if line, _, _ := strings.Cut(got, "\n"); line != c.want {
				t.Errorf("got  %s\nwant %s", line, c.want)
			}
		})
	}
}
