package receive

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/field"
	"github.com/scenario-runner/scenario-runner/engine/source"
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/engine/steptest"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

func TestContract(t *testing.T) { steptest.Contract(t, New(kube.NewEnv(kube.Options{}))) }

// fixture is a scenario with an open sink.
type fixture struct {
	steptest.Use
	host *steptest.Host
	url  string
}

func open(t *testing.T, body string) *fixture {
	t.Helper()
	f := &fixture{host: steptest.NewHost(t)}
	f.Use = steptest.Use{Definition: New(kube.NewEnv(kube.Options{})), Run: &step.Run{Host: f.host, Scope: eval.Scope{"vars": map[string]any{"n": 2}}}}
	out, err := f.Do(t.Context(), t, body)
	if err != nil {
		t.Fatal(err)
	}
	f.url = out["url"].(string)
	return f
}

func (f *fixture) post(t *testing.T, bodies ...string) {
	t.Helper()
	for _, body := range bodies {
		response, err := http.Post(f.url, "application/json", strings.NewReader(body))
		if err != nil {
			t.Error(err)
			return
		}
		_ = response.Body.Close()
	}
}

func TestWhatArrives(t *testing.T) {
	f := open(t, `listen: {path: /hook, response: {status: 202, body: {ok: "${{ vars.n }}"}, headers: {X-Sink: "yes"}}}`)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPut, f.url+"?a=1&a=2", strings.NewReader(`{"x": [1]}`))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer s3cr3t-token")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if got := fmt.Sprintf("%d %s %s %s", response.StatusCode, response.Header.Get("Content-Type"), response.Header.Get("X-Sink"), body); err != nil || got != `202 application/json yes {"ok":2}` {
		t.Errorf("answered %s, %v", got, err)
	}
	out, err := f.Do(t.Context(), t, `expect: {from: step1, atLeast: 1}`)
	if err != nil {
		t.Fatal(err)
	}
	first := out["request"].(map[string]any)
	if at, ok := first["time"].(time.Time); !ok || time.Since(at) > time.Minute {
		t.Errorf("time is %v", first["time"])
	}
	delete(first, "time")
	want := map[string]any{
		"method": "PUT", "path": "/hook", "query": map[string]any{"a": "1,2"}, "text": `{"x": [1]}`, "route": "", "params": map[string]any{}, "status": 202,
		"body": map[string]any{"x": []any{1}},
		"headers": map[string]any{
			"authorization": "Bearer s3cr3t-token", "content-length": "10", "accept-encoding": "gzip",
			"user-agent": "Go-http-client/1.1", "host": strings.TrimSuffix(strings.TrimPrefix(f.url, "http://"), "/hook"),
		},
	}
	if d := cmp.Diff(want, first); d != "" {
		t.Errorf("request (-want +got):\n%s", d)
	}
	if out["count"] != 1 || len(out["requests"].([]any)) != 1 {
		t.Errorf("count %v, requests %v", out["count"], out["requests"])
	}
	if !slices.Contains(f.host.Secrets(), "s3cr3t-token") {
		t.Errorf("the token is not masked; masked are %q", f.host.Secrets())
	}
	if err := f.host.Close(); err != nil {
		t.Fatal(err)
	}
	var kept []map[string]any
	if err := json.Unmarshal(f.host.Attached("step1.json"), &kept); err != nil || len(kept) != 1 || kept[0]["method"] != "PUT" {
		t.Errorf("attached %s, %v", f.host.Attached("step1.json"), err)
	}
	if _, err := http.Get(f.url); err == nil {
		t.Error("the sink still listens after the scenario")
	}
}

const (
	firing   = `{"status": "firing", "labels": {"name": "a"}}`
	resolved = `{"status": "resolved", "labels": {"name": "b"}}`
)

func TestClaims(t *testing.T) {
	for name, c := range map[string]struct {
		arrived []string
		body    string
		want    string
		verdict step.Verdict
	}{
		"one that matches": {[]string{resolved, firing}, `where: request.body.status == "firing"`, "", step.Passed},
		"none that matches": {
			[]string{resolved},
			`where: request.body.status == "firing", within: 30ms`,
			`step1: 0 requests have request.body.status == "firing", expected at least 1 within 30ms`, step.Failed,
		},
		"nothing":      {nil, "atLeast: 1, within: 30ms", "step1: 0 requests, expected at least 1 within 30ms; nothing arrived at all", step.Failed},
		"exactly once": {[]string{resolved, firing}, `where: request.body.status == "firing", exactly: 1, holdsFor: 20ms`, "", step.Passed},
		"once too many": {
			[]string{firing, firing},
			`where: request.body.status == "firing", exactly: 1, holdsFor: 1h`,
			`step1: 2 requests have request.body.status == "firing", expected exactly 1`, step.Failed,
		},
		"at most":          {[]string{firing, firing}, `atMost: 1, holdsFor: 1h`, `step1: 2 requests, expected at most 1`, step.Failed},
		"never":            {nil, `exactly: 0, holdsFor: 20ms`, "", step.Passed},
		"list":             {[]string{firing, resolved}, `that: 'len(requests) == 2 && requests[0].body.status == "firing" && requests[1].time >= requests[0].time'`, "", step.Passed},
		"list is not true": {[]string{firing}, `that: len(requests) == 2, within: 30ms`, "step1: len(requests) == 2 is not true within 30ms", step.Failed},
		"list of nothing": {
			nil, `that: 'requests[0].body.status == "firing"', within: 30ms`,
			`step1: requests[0].body.status == "firing" can't be told: requests has no item 0, because it is empty (write get(requests, 0) where it may be absent) within 30ms; nothing arrived at all`, step.Failed,
		},
		"no such field in the list": {
			[]string{firing},
			`that: 'requests[0].body.state == "firing"', within: 30ms`,
			"step1: requests[0].body.state == \"firing\" can't be told: requests[0].body has no field \"state\"; it has labels, status (where it may be absent write `requests[0].body.state ?? …`) within 30ms", step.Errored,
		},
		"no such field": {
			[]string{firing},
			`where: request.body.state == "firing", within: 30ms`,
			"step1: 0 requests have request.body.state == \"firing\", expected at least 1 within 30ms; where can't be told of any request: request.body has no field \"state\"; it has labels, status (where it may be absent write `request.body.state ?? …`)", step.Errored,
		},
		"never, of a field that is not there": {
			[]string{firing},
			`where: request.body.state == "firing", exactly: 0, holdsFor: 20ms`,
			"request.body.state == \"firing\" can't be told of request 1: request.body has no field \"state\"; it has labels, status (where it may be absent write `request.body.state ?? …`)", step.Errored,
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := open(t, "listen: {}")
			f.post(t, c.arrived...)
			_, err := f.Do(t.Context(), t, "expect: {from: step1, "+c.body+"}")
			got := ""
			if err != nil {
				got = err.Error()
			}
			if got != c.want || step.VerdictOf(err) != c.verdict {
				t.Errorf("got  %s (%s)\nwant %s (%s)", got, step.VerdictOf(err), c.want, c.verdict)
			}
		})
	}
}

func TestWaitsForWhatArrivesLater(t *testing.T) {
	f := open(t, "listen: {path: /hook}")
	f.host.OnProgress = func(text string) {
		switch text {
		case "step1 received 0 requests: 0 requests, expected exactly 2":
			go f.post(t, "1")
		case "step1 received 1 request: 1 request, expected exactly 2":
			go f.post(t, "2")
		}
	}
	out, err := f.Do(t.Context(), t, "expect: {from: step1, exactly: 2, holdsFor: 10ms, within: 1m}")
	if err != nil || out["count"] != 2 {
		t.Errorf("got %v, %v", out, err)
	}
}

func TestOneTooManyWhileItHolds(t *testing.T) {
	f := open(t, "listen: {}")
	f.post(t, firing)
	f.host.OnProgress = func(text string) {
		if text == "step1 received 1 request, as it should; watching that it stays so for 1h0m0s" {
			go f.post(t, firing)
		}
	}
	_, err := f.Do(t.Context(), t, "expect: {from: step1, exactly: 1, holdsFor: 1h}")
	const want = "step1: 2 requests, expected exactly 1"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestFailureShowsWhatArrived(t *testing.T) {
	f := open(t, "listen: {path: /hook, methods: [POST]}")
	f.post(t, firing)
	for _, url := range []string{f.url, strings.TrimSuffix(f.url, "/hook") + "/other"} {
		response, err := http.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
	}
	_, err := f.Do(t.Context(), t, `expect: {from: step1, where: 'request.body.labels.name == "c"', within: 10ms}`)
	failure, ok := errors.AsType[*step.Failure](err)
	if !ok {
		t.Fatalf("got %v", err)
	}
	want := []step.Section{
		{Title: "requests", Lines: []string{`1  POST /hook  {"status": "firing", "labels": {"name": "a"}}`}},
		{Title: "requests that were refused", Lines: []string{"GET /hook was answered with 405 Method Not Allowed", "GET /other was answered with 404 Not Found"}},
	}
	if d := cmp.Diff(want, failure.Sections); d != "" {
		t.Errorf("sections (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]step.Fact{{Name: "request.body.labels.name", Value: `"a"`}}, failure.Facts); d != "" {
		t.Errorf("facts (-want +got):\n%s", d)
	}
}

func TestLimitsAreToldApart(t *testing.T) {
	f := open(t, "listen: {keep: 2}")
	f.post(t, "1", "2", "3")
	_, err := f.Do(t.Context(), t, "expect: {from: step1, exactly: 2, holdsFor: 10ms}")
	const want = "step1 received 3 requests and kept only 2, so nothing can be claimed about all of them; raise keep"
	if err == nil || err.Error() != want || step.VerdictOf(err) != step.Errored {
		t.Errorf("got %v (%s), want %s (errored)", err, step.VerdictOf(err), want)
	}
	response, err := http.Post(f.url, "text/plain", strings.NewReader(strings.Repeat("x", longestBody+1)))
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("a long body is answered with %s", response.Status)
	}
}

func TestSinksOfOtherScenariosAreNotSeen(t *testing.T) {
	f := open(t, "listen: {}")
	other := f.Use
	run := *f.Run
	run.Scenario.ID = "sr-other"
	other.Run = &run
	for body, want := range map[string]string{
		"expect: {from: step1, atLeast: 1}": `no sink is open; open one with receive: {listen: …} or mock: {routes: …} in a step with the id "step1"`,
	} {
		if _, err := other.Do(t.Context(), t, body); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	const want = `no sink is called "stepp1"; did you mean "step1"?`
	if _, err := f.Do(t.Context(), t, "expect: {from: stepp1, atLeast: 1}"); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if err := f.host.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Do(t.Context(), t, "expect: {from: step1, atLeast: 1}"); err == nil || !strings.HasPrefix(err.Error(), "no sink is open") {
		t.Errorf("after the scenario: got %v", err)
	}
}

func TestEndOfTheStep(t *testing.T) {
	f := open(t, "listen: {}")
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	_, err := f.Do(ctx, t, "expect: {from: step1, atLeast: 1}")
	const want = "step1: 0 requests, expected at least 1 before the step timed out; nothing arrived at all"
	if err == nil || err.Error() != want || step.VerdictOf(err) != step.Failed {
		t.Errorf("got %v (%s), want %s", err, step.VerdictOf(err), want)
	}
	cancelled, stop := context.WithCancel(t.Context())
	f.host.OnProgress = func(string) { stop() }
	if _, err := f.Do(cancelled, t, "expect: {from: step1, atLeast: 1}"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
}

func TestOutputsDependOnTheMode(t *testing.T) {
	for body, want := range map[string][]string{
		"listen: {}":                       {"name", "url", "address", "port"},
		"expect: {from: sink, atLeast: 1}": {"count", "requests", "request"},
	} {
		file, diags := source.Parse("step.yaml", []byte(body))
		task, compiled := New(kube.NewEnv(kube.Options{})).Compile(&field.Decoder{File: file, Diags: &diags}, file.Root, eval.NewEnv())
		if task == nil {
			t.Fatalf("does not compile: %v", diags)
		}
		if d := cmp.Diff(want, compiled.Outputs.Names()); d != "" {
			t.Errorf("%s (-want +got):\n%s", body, d)
		}
	}
}

func TestMistakes(t *testing.T) {
	for name, c := range map[string]struct{ body, want string }{
		"neither":      {"{}", "step.yaml:1:1: receive needs one of listen, expect [missing-field]"},
		"field":        {"expect: {from: a, where: request.mehtod == \"POST\"}", `step.yaml:1:34: unknown field "mehtod" of request; did you mean "method"? [unknown-field]`},
		"item":         {"expect: {from: a, that: 'all(requests, .path == 3)'}", `step.yaml:1:46: == can't join text and a whole number; write quantity(…) for amounts such as 256Mi, or int(…) [operand-types]`},
		"path":         {"listen: {path: hook}", `step.yaml:1:16: a path starts with /; found "hook" [invalid-value]`},
		"status":       {"listen: {response: {status: 100}}", "step.yaml:1:29: 100 is no status that ends an answer; give one from 200 to 599 [invalid-value]"},
		"nothing":      {"expect: {from: a, within: 1s}", "step.yaml:1:1: expect needs one of where, exactly, atLeast, atMost, that [invalid-value]"},
		"never":        {"expect: {from: a, exactly: 0}", "step.yaml:1:1: this is true before anything can have arrived; say with holdsFor how long it must stay true [invalid-value]"},
		"at most":      {"expect: {from: a, atMost: 3}", "step.yaml:1:1: this is true before anything can have arrived; say with holdsFor how long it must stay true [invalid-value]"},
		"exactly once": {"expect: {from: a, exactly: 1}", "step.yaml:1:1: warning: without holdsFor this ends at the last wanted request and does not see one too many [expect-without-hold]"},
		"two limits":   {"expect: {from: a, exactly: 1, atMost: 2, holdsFor: 1s}", "step.yaml:1:39: only one of exactly, atMost can be given [invalid-value]"},
		"range":        {"expect: {from: a, atLeast: 3, atMost: 2, holdsFor: 1s}", "step.yaml:1:39: nothing is at least 3 and at most 2 [invalid-value]"},
		"name":         {"expect: {from: a, where: 'requests[0].path == 1'}", `step.yaml:1:27: unknown name "requests"; did you mean "request"? [unknown-name]`},
	} {
		t.Run(name, func(t *testing.T) {
			_, got := steptest.Use{Definition: New(kube.NewEnv(kube.Options{}))}.Compile(t, c.body)
			if line, _, _ := strings.Cut(got, "\n"); line != c.want {
				t.Errorf("got  %s\nwant %s", line, c.want)
			}
		})
	}
}
