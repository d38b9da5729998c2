package http

import (
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/engine/steptest"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

func TestContract(t *testing.T) { steptest.Contract(t, New(kube.NewEnv(kube.Options{}))) }

// handler is a small API.
func handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("X-Method", r.Method)
		w.Header().Set("X-Query", r.URL.RawQuery)
		w.Header().Set("X-Type", r.Header.Get("Content-Type"))
		w.Header().Set("X-Auth", r.Header.Get("Authorization"))
		w.Header().Del("Date")
		_, _ = w.Write(body)
	})
	mux.HandleFunc("/order", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"state": "open", "items": [{"name": "a", "count": 1}, {"name": "b", "count": 2}]}`)
	})
	mux.HandleFunc("/broken", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprint(w, "database is away\nretry later")
	})
	mux.HandleFunc("/loop", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/loop", http.StatusFound) })
	mux.HandleFunc("/old", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/order", http.StatusMovedPermanently)
	})
	mux.HandleFunc("/hang", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	return mux
}

func use(t *testing.T, url string) (steptest.Use, *steptest.Host) {
	t.Helper()
	host := steptest.NewHost(t)
	return steptest.Use{Definition: New(kube.NewEnv(kube.Options{})), Run: &step.Run{
		Host: host, Scope: eval.Scope{"vars": map[string]any{"url": url, "token": "s3cr3t-token", "items": []any{1, "x"}}},
		Scenario: step.Scenario{ID: "sr-test", Dir: t.TempDir()},
	}}, host
}

func TestRequests(t *testing.T) {
	server := httptest.NewServer(handler())
	t.Cleanup(server.Close)
	for name, c := range map[string]struct {
		body string
		want map[string]string
		text string
	}{
		"json": {
			`{url: "${{ vars.url }}/echo?a=1", query: {b: "x y&z"}, json: {list: "${{ vars.items }}"}, headers: {Authorization: "Bearer ${{ vars.token }}"}}`,
			map[string]string{"x-method": "POST", "x-query": "a=1&b=x+y%26z", "x-type": "application/json", "x-auth": "Bearer s3cr3t-token"},
			`{"list":[1,"x"]}`,
		},
		"own content type": {
			`{url: "${{ vars.url }}/echo", method: PUT, json: 1, headers: {content-type: application/merge-patch+json}}`,
			map[string]string{"x-method": "PUT", "x-type": "application/merge-patch+json"},
			"1",
		},
		"text":      {`{url: "${{ vars.url }}/echo", body: hello}`, map[string]string{"x-method": "POST"}, "hello"},
		"shorthand": {`${{ vars.url }}/echo`, map[string]string{"x-method": "GET"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			u, host := use(t, server.URL)
			out, err := u.Do(t.Context(), t, c.body)
			if err != nil {
				t.Fatal(err)
			}
			headers := out["headers"].(map[string]any)
			for header, want := range c.want {
				if headers[header] != want {
					t.Errorf("%s is %q, want %q", header, headers[header], want)
				}
			}
			if out["text"] != c.text || out["status"] != 200 || out["attempts"] != 1 {
				t.Errorf("got text %q, status %v, attempts %v", out["text"], out["status"], out["attempts"])
			}
			if c.want["x-auth"] != "" && !slices.Contains(host.Secrets(), "s3cr3t-token") {
				t.Errorf("the token is not masked; masked are %q", host.Secrets())
			}
		})
	}
}

func TestAnswers(t *testing.T) {
	server := httptest.NewServer(handler())
	t.Cleanup(server.Close)
	for name, c := range map[string]struct {
		body, want string
		verdict    step.Verdict
		facts      []step.Fact
	}{
		"all true":          {`{url: "${{ vars.url }}/order", expect: {that: [response.body.state == "open", "sum(response.body.items, .count) == 3", 'response.headers["content-type"] startsWith "text/plain"']}}`, "", step.Passed, nil},
		"expected status":   {`{url: "${{ vars.url }}/broken", expect: {status: 503, that: 'response.text contains "away"'}}`, "", step.Passed, nil},
		"redirect followed": {`{url: "${{ vars.url }}/old", expect: {that: response.body.state == "open"}}`, "", step.Passed, nil},
		"redirect itself":   {`{url: "${{ vars.url }}/old", followRedirects: false, expect: {status: 301, that: response.headers.location == "/order"}}`, "", step.Passed, nil},
		"status":            {`{url: "${{ vars.url }}/broken"}`, "GET URL/broken answered 503 Service Unavailable; expected 200 to 299", step.Failed, nil},
		"other status":      {`{url: "${{ vars.url }}/order", expect: {status: [404, 410]}}`, "GET URL/order answered 200 OK; expected 404 or 410", step.Failed, nil},
		"every false condition": {
			`{url: "${{ vars.url }}/order", expect: {that: [response.body.state == "done", response.status == 200, len(response.body.items) == 3]}}`,
			`not true of the answer to GET URL/order: response.body.state == "done"; len(response.body.items) == 3`, step.Failed,
			[]step.Fact{
				{Name: "response.body.state", Value: `"open"`},
				{Name: "len(response.body.items)", Value: "2"},
				{Name: "response.body.items", Value: `[{"count":1,"name":"a"},{"count":2,"name":"b"}]`},
			},
		},
		"no such field": {
			`{url: "${{ vars.url }}/order", expect: {that: response.body.status == "done"}}`,
			"response.body.status == \"done\" can't be told: response.body has no field \"status\"; it has items, state (where it may be absent write `response.body.status ?? …`)", step.Errored, nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			u, _ := use(t, server.URL)
			_, err := u.Do(t.Context(), t, c.body)
			expectError(t, err, server.URL, c.want, c.verdict)
			if f, ok := errors.AsType[*step.Failure](err); ok && c.facts != nil {
				if d := cmp.Diff(c.facts, f.Facts); d != "" {
					t.Errorf("facts (-want +got):\n%s", d)
				}
			}
		})
	}
}

func expectError(t *testing.T, err error, url, want string, verdict step.Verdict) {
	t.Helper()
	got := ""
	if err != nil {
		got = strings.ReplaceAll(strings.ReplaceAll(err.Error(), url, "URL"), strings.TrimPrefix(url, "http://"), "ADDRESS")
	}
	if got != want || step.VerdictOf(err) != verdict {
		t.Errorf("got  %s (%s)\nwant %s (%s)", got, step.VerdictOf(err), want, verdict)
	}
}

func TestAnswerIsShown(t *testing.T) {
	server := httptest.NewServer(handler())
	t.Cleanup(server.Close)
	u, _ := use(t, server.URL)
	_, err := u.Do(t.Context(), t, `{url: "${{ vars.url }}/broken"}`)
	f, ok := errors.AsType[*step.Failure](err)
	if !ok {
		t.Fatalf("got %v", err)
	}
	want := []step.Section{{Title: "answer", Lines: []string{"status 503 Service Unavailable", "database is away", "retry later"}}}
	if d := cmp.Diff(want, f.Sections); d != "" {
		t.Errorf("sections (-want +got):\n%s", d)
	}
}

func TestConnectionErrors(t *testing.T) {
	server := httptest.NewServer(handler())
	t.Cleanup(server.Close)
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := closed.Addr().String()
	closed.Close()
	for body, want := range map[string]string{
		"http://qa:hunter22@" + address + "/x":                    "GET http://qa:xxxxx@" + address + "/x: connection refused: nothing listens on " + address,
		`{url: "${{ vars.url }}/hang", requestTimeout: 50ms}`:     "GET URL/hang: no answer within 50ms",
		`{url: "${{ vars.url }}/loop"}`:                           "GET URL/loop: gave up after 10 redirects",
		"https" + strings.TrimPrefix(server.URL, "http") + "/x":   "GET https://ADDRESS/x: the server does not speak TLS; use http:// in the address",
		"http://no-such-host.invalid/x":                           `GET http://no-such-host.invalid/x: there is no host called "no-such-host.invalid"`,
		`{url: "${{ vars.url }}/order", tls: {ca: none.pem}}`:     "tls means nothing for an address that starts with http://",
		`{url: "https://127.0.0.1:1/order", tls: {ca: none.pem}}`: "tls.ca: openat none.pem: no such file or directory",
	} {
		u, host := use(t, server.URL)
		_, err := u.Do(t.Context(), t, body)
		expectError(t, err, server.URL, want, step.Errored)
		if strings.Contains(body, "hunter22") && !slices.Contains(host.Secrets(), "hunter22") {
			t.Errorf("the password is not masked; masked are %q", host.Secrets())
		}
	}
}

func TestTrust(t *testing.T) {
	server := httptest.NewUnstartedServer(handler())
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	for body, want := range map[string]string{
		`{url: "${{ vars.url }}/order"}`:                                           "GET URL/order: the certificate of the server is signed by an authority that is not trusted; name that authority in tls.ca",
		`{url: "${{ vars.url }}/order", tls: {ca: ca.pem}}`:                        "",
		`{url: "${{ vars.url }}/order", tls: {caData: "${{ vars.ca }}"}}`:          "",
		`{url: "${{ vars.url }}/order", tls: {insecureSkipVerify: true}}`:          "",
		`{url: "${{ vars.url }}/order", tls: {ca: ca.pem, serverName: shop.test}}`: `GET URL/order: the certificate of the server is not for "shop.test", but for example.com, *.example.com, 127.0.0.1, ::1; give the name in tls.serverName`,
		`{url: "${{ vars.url }}/order", tls: {ca: empty.pem}}`:                     "tls.ca holds no certificate in PEM form",
	} {
		u, _ := use(t, server.URL)
		u.Run.Scope["vars"].(map[string]any)["ca"] = string(ca)
		for name, data := range map[string][]byte{"ca.pem": ca, "empty.pem": nil} {
			if err := os.WriteFile(filepath.Join(u.Run.Scenario.Dir, name), data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		_, err := u.Do(t.Context(), t, body)
		verdict := step.Passed
		if want != "" {
			verdict = step.Errored
		}
		got := ""
		if err != nil {
			got = strings.ReplaceAll(err.Error(), server.URL, "URL")
		}
		if !strings.HasPrefix(got, want) || want == "" && got != "" || step.VerdictOf(err) != verdict {
			t.Errorf("%s:\ngot  %s (%s)\nwant %s (%s)", body, got, step.VerdictOf(err), want, verdict)
		}
	}
}

func TestUntil(t *testing.T) {
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		switch n := asked.Add(1); {
		case n == 1: // closes the connection without an answer
			panic(http.ErrAbortHandler)
		case n == 2:
			fmt.Fprint(w, "starting")
		default:
			fmt.Fprintf(w, `{"state": "step %d"}`, n)
		}
	}))
	t.Cleanup(server.Close)
	u, _ := use(t, server.URL)
	out, err := u.Do(t.Context(), t, `{url: "${{ vars.url }}", until: response.body.state == "step 4", every: 5ms}`)
	if err != nil {
		t.Fatal(err)
	}
	if out["attempts"] != 4 || out["body"].(map[string]any)["state"] != "step 4" {
		t.Errorf("outputs are %v", out)
	}

	_, err = u.Do(t.Context(), t, `{url: "${{ vars.url }}", until: response.body.state == "done", failIf: response.body.state == "step 6", every: 5ms}`)
	expectError(t, err, server.URL, `GET URL: failIf is true: response.body.state == "step 6"`, step.Failed)

	_, err = u.Do(t.Context(), t, `{url: "${{ vars.url }}", until: response.body.state == "done", every: 1h, within: 100ms}`)
	expectError(t, err, server.URL, `response.body.state == "done" did not come true within 100ms, in 1 request to GET URL; last seen: status 200 OK; response.body.state = "step 7"`, step.Failed)
}

func TestUntilNobodyAnswers(t *testing.T) {
	u, host := use(t, "http://127.0.0.1:1")
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err := u.Do(ctx, t, `{url: "${{ vars.url }}/x", until: response.status == 200, every: 1h}`)
	expectError(t, err, "http://127.0.0.1:1", "response.status == 200 did not come true before the step timed out, in 1 request to GET URL/x; last seen: GET URL/x: connection refused: nothing listens on ADDRESS", step.Failed)
	want := []string{"response.status == 200; last seen: GET http://127.0.0.1:1/x: connection refused: nothing listens on 127.0.0.1:1"}
	if d := cmp.Diff(want, host.Seen()); d != "" {
		t.Errorf("progress (-want +got):\n%s", d)
	}
}

func TestCancel(t *testing.T) {
	server := httptest.NewServer(handler())
	t.Cleanup(server.Close)
	for _, body := range []string{`{url: "${{ vars.url }}/hang"}`, `{url: "${{ vars.url }}/order", until: false, every: 1h}`} {
		ctx, cancel := context.WithCancel(t.Context())
		timer := time.AfterFunc(50*time.Millisecond, cancel)
		u, _ := use(t, server.URL)
		start := time.Now()
		_, err := u.Do(ctx, t, body)
		if !errors.Is(err, context.Canceled) || time.Since(start) > 5*time.Second {
			t.Errorf("%s: got %v after %s, want context.Canceled at once", body, err, time.Since(start))
		}
		timer.Stop()
	}
}

func TestMistakes(t *testing.T) {
	for name, c := range map[string]struct{ body, want string }{
		"no scheme":  {"localhost:80/x", `step.yaml:1:1: an address starts with http:// or https://; found "localhost:80/x" [invalid-value]`},
		"no host":    {"http:///x", `step.yaml:1:1: "http:///x" names no host [invalid-value]`},
		"two bodies": {"{url: http://a, json: 1, body: x}", `step.yaml:1:32: only one of json, body can be given; "json" is given already [exclusive-fields]`},
		"method":     {"{url: http://a, method: get}", `step.yaml:1:25: a method is written in capitals: GET [invalid-value]`},
		"no until":   {"{url: http://a, within: 1s}", `step.yaml:1:25: within means nothing without until [invalid-value]`},
		"insecure":   {"{url: https://a, tls: {insecureSkipVerify: true}}", `step.yaml:1:44: warning: the server can be anybody; name its authority in ca instead [insecure-tls]`},
		"ca outside": {"{url: https://a, tls: {ca: ../ca.pem}}", `step.yaml:1:28: "../ca.pem" is outside the scenario's folder; paths in a scenario stay inside it [invalid-value]`},
		"field":      {"{url: http://a, expect: {that: response.statu == 200}}", `step.yaml:1:41: unknown field "statu" of response; did you mean "status"? it has status, headers, body, text, took [unknown-field]`},
		"types":      {"{url: http://a, until: response.took < '5s'}", `step.yaml:1:38: < can't join a duration and text; write duration("30s") [operand-types]`},
		"header":     {"{url: http://a, until: response.headers.age == 1}", `step.yaml:1:45: == can't join text and a whole number; write quantity(…) for amounts such as 256Mi, or int(…) [operand-types]`},
		"expression": {"{url: http://a, expect: {that: respons.status == 200}}", `step.yaml:1:32: unknown name "respons"; did you mean "response"? [unknown-name]`},
	} {
		t.Run(name, func(t *testing.T) {
			_, got := steptest.Use{Definition: New(kube.NewEnv(kube.Options{}))}.Compile(t, c.body)
			if line, _, _ := strings.Cut(got, "\n"); line != c.want {
				t.Errorf("got  %s\nwant %s", line, c.want)
			}
		})
	}
}
