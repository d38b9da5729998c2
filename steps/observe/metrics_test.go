package observe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/engine/steptest"
	"github.com/scenario-runner/scenario-runner/steps/inbox"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

const metricsPage = `
# TYPE remediations_total counter
remediations_total{action="scale",result="ok"} 7
remediations_total{action="restart",result="ok"} 2
# TYPE queue_length gauge
queue_length 4
# TYPE latency_seconds histogram
latency_seconds_bucket{le="0.1"} 3
latency_seconds_bucket{le="+Inf"} 5
latency_seconds_sum 1.5
latency_seconds_count 5
empty_seconds{quantile="0.5"} NaN
`

// alone opens a source that needs no cluster.
func alone(t *testing.T, env *kube.Env, s Source) (*Subject, *steptest.Host) {
	t.Helper()
	host := steptest.NewHost(t)
	run := &step.Run{Host: host, Scenario: step.Scenario{ID: "sr-test", Dir: t.TempDir()}, Scope: eval.Scope{"steps": map[string]any{"before": map[string]any{"text": `
# TYPE remediations_total counter
remediations_total{action="scale",result="ok"} 5
remediations_total{action="restart",result="ok"} 9
# TYPE queue_length gauge
queue_length 6
`}}}}
	subject, err := s.Open(t.Context(), run, env)
	if err != nil {
		t.Fatal(err)
	}
	return subject, host
}

func serve(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, metricsPage) })
	since, problems := eval.NewEnv().With("steps", eval.AnyType).CompileText("${{ steps.before.text }}")
	if len(problems) > 0 {
		t.Fatal(problems[0])
	}
	for name, c := range map[string]struct {
		source Metrics
		want   []string
		text   string
	}{
		"labels":       {Metrics{Name: "remediations_total", Labels: map[string]string{"action": "scale"}}, []string{"map[action:scale result:ok] 7"}, `remediations_total{action="scale"} at URL: remediations_total{action="scale", result="ok"} 7`},
		"bucket":       {Metrics{Name: "latency_seconds_bucket", Labels: map[string]string{"le": "0.1"}}, []string{"map[le:0.1] 3"}, `latency_seconds_bucket{le="0.1"} at URL: latency_seconds_bucket{le="0.1"} 3`},
		"misspelt":     {Metrics{Name: "remediation_total"}, nil, `remediation_total{} at URL: none; none of the 6 names on the page is "remediation_total"; did you mean "remediations_total"?`},
		"other labels": {Metrics{Name: "queue_length", Labels: map[string]string{"a": "b"}}, nil, `queue_length{a="b"} at URL: none of the 8 on the page`},
		"no number":    {Metrics{Name: "empty_seconds"}, nil, "empty_seconds{} at URL: none of the 8 on the page"},
		"grown":        {Metrics{Name: "remediations_total", Since: since}, []string{"map[action:restart result:ok] 2 2", "map[action:scale result:ok] 7 2"}, `remediations_total{} at URL: 2, the first one remediations_total{action="restart", result="ok"} 2, 2 more than before`},
		"fallen":       {Metrics{Name: "queue_length", Since: since}, []string{"map[] 4 -2"}, "queue_length{} at URL: queue_length{} 4, -2 more than before"},
		"new":          {Metrics{Name: "latency_seconds_count", Since: since}, []string{"map[] 5 5"}, "latency_seconds_count{} at URL: latency_seconds_count{} 5, 5 more than before"},
	} {
		t.Run(name, func(t *testing.T) {
			c.source.URL = url
			subject, _ := alone(t, kube.NewEnv(kube.Options{}), Source{Metrics: &c.source})
			l := once(t, subject)
			var got []string
			for _, item := range l.Items {
				m := item.(map[string]any)
				line := fmt.Sprint(m["labels"], " ", m["value"])
				if delta, ok := m["delta"]; ok {
					line += fmt.Sprint(" ", delta)
				}
				got = append(got, line)
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("-want +got\n%s", d)
			}
			if text := strings.ReplaceAll(l.String(), url, "URL"); text != c.text {
				t.Errorf("got  %s\nwant %s", text, c.text)
			}
		})
	}
}

func TestMetricsFaults(t *testing.T) {
	t.Parallel()
	garbage := serve(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>\n<body>") })
	refused := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprint(w, "who are you?\n")
	})
	secure := httptest.NewUnstartedServer(http.NotFoundHandler())
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	t.Cleanup(secure.Close)
	for url, want := range map[string]string{
		garbage:                garbage + ` is no page of metrics: line 1: invalid metric name`,
		refused:                "GET " + refused + ` was refused with status 401: who are you?`,
		"http://127.0.0.1:1/m": "GET http://127.0.0.1:1/m: connection refused: nothing listens on 127.0.0.1:1",
		secure.URL:             "GET " + secure.URL + ": the certificate of the server is signed by an authority that is not trusted; name that authority in tls.ca",
	} {
		subject, host := alone(t, kube.NewEnv(kube.Options{}), Source{Metrics: &Metrics{URL: url, Headers: map[string]string{"Authorization": "Bearer s3cr3t"}}})
		_, err := subject.Once(t.Context())
		if err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
		if !slices.Contains(host.Secrets(), "s3cr3t") {
			t.Errorf("the token is not masked; masked are %q", host.Secrets())
		}
	}
	bad := Source{Metrics: &Metrics{URL: garbage, Since: eval.Literal("{}")}}
	run := &step.Run{Host: steptest.NewHost(t), Scenario: step.Scenario{Dir: t.TempDir()}}
	if _, err := bad.Open(t.Context(), run, kube.NewEnv(kube.Options{})); err == nil || !strings.HasPrefix(err.Error(), "since is no page of metrics: line 1:") {
		t.Errorf("got %v", err)
	}
}

// TestMetricsWaitForTheServer holds that a server that comes up late, and one that restarts, is waited for.
func TestMetricsWaitForTheServer(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		if n := asked.Add(1); n == 1 || n == 3 {
			panic(http.ErrAbortHandler)
		}
		fmt.Fprintf(w, "jobs_total %d\n", asked.Load())
	})
	subject, _ := alone(t, kube.NewEnv(kube.Options{}), Source{Metrics: &Metrics{URL: url, Every: 10 * time.Millisecond}})
	l := until(t, subject, func(l Look) bool { return len(l.Items) == 1 && l.Items[0].(map[string]any)["value"].(float64) >= 4 })
	if got := l.String(); !strings.HasSuffix(got, "jobs_total{} 4") {
		t.Errorf("got %s", got)
	}
}

func TestMetricsNeverThere(t *testing.T) {
	t.Parallel()
	subject, host := alone(t, kube.NewEnv(kube.Options{}), Source{Metrics: &Metrics{URL: "http://127.0.0.1:1/metrics", Every: 10 * time.Millisecond}})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	err := subject.Watch(ctx, func(Look) (bool, error) { return true, nil })
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	const want = "GET http://127.0.0.1:1/metrics: connection refused: nothing listens on 127.0.0.1:1; asking again"
	if seen := host.Seen(); len(seen) == 0 || seen[0] != want {
		t.Errorf("progress is %q, want %s", seen, want)
	}
}

// arrive keeps a request as a server does.
func arrive(t *testing.T, box *inbox.Box, path, body, route string, status int) {
	t.Helper()
	r := inbox.NewRequest(httptest.NewRequest(http.MethodPost, path, http.NoBody), []byte(body))
	r.Route, r.Status = route, status
	box.Keep(r)
}

func TestRequests(t *testing.T) {
	t.Parallel()
	env := kube.NewEnv(kube.Options{})
	box := inbox.NewBox("llm", 4, func(string) {})
	inbox.Of(env).Put(&step.Run{ID: "llm", Scenario: step.Scenario{ID: "sr-test"}}, box)
	all, _ := alone(t, env, Source{Requests: &Requests{At: "llm"}})
	chat, _ := alone(t, env, Source{Requests: &Requests{At: "llm", Route: "chat"}})
	if l := once(t, all); len(l.Items) != 0 || l.String() != "requests at llm: none" {
		t.Errorf("%v %s", l.Items, l)
	}
	arrive(t, box, "/a", `{"n": 1}`, "chat", 200)
	arrive(t, box, "/b", "", "", 0)
	box.Refuse("POST /b has no route")
	if got := values(once(t, chat).Items, "path"); len(got) != 1 || got[0] != "/a" {
		t.Errorf("got %v", got)
	}
	l := once(t, all)
	if want := "requests at llm: 2, the last one POST /b, whose answer was broken off"; l.String() != want {
		t.Errorf("got %s, want %s", l, want)
	}
	sections := []step.Section{
		{Title: "requests at llm", Lines: []string{`POST /a, answered with 200: {"n": 1}`, "POST /b, whose answer was broken off"}},
		{Title: "requests at llm that were for nobody", Lines: []string{"POST /b has no route"}},
	}
	if d := cmp.Diff(sections, all.Explain(t.Context(), l)); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
	var seen []int
	err := all.WatchEvery(t.Context(), func(l Look) (bool, error) {
		seen = append(seen, len(l.Items))
		if len(seen) == 1 {
			arrive(t, box, "/c", "", "", 200)
			arrive(t, box, "/d", "", "", 200)
		}
		return len(l.Items) == 4, nil
	})
	if d := cmp.Diff([]int{2, 3, 4}, seen); d != "" || err != nil {
		t.Errorf("%v -want +got\n%s", err, d)
	}
	arrive(t, box, "/e", "", "", 200)
	const want = "requests at llm: 5 requests arrived and only 4 were kept, so nothing can be claimed about all of them; raise keep"
	if _, err := all.Once(t.Context()); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	run := &step.Run{Host: steptest.NewHost(t), Scenario: step.Scenario{ID: "sr-test"}}
	if _, err := (Source{Requests: &Requests{At: "lm"}}).Open(t.Context(), run, env); err == nil || err.Error() != `no sink is called "lm"; did you mean "llm"?` {
		t.Errorf("got %v", err)
	}
}
