package mock

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/engine/steptest"
	"github.com/scenario-runner/scenario-runner/steps/inbox"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

func TestContract(t *testing.T) { steptest.Contract(t, New(kube.NewEnv(kube.Options{}))) }

// fixture is a scenario with an open backend.
type fixture struct {
	steptest.Use
	host *steptest.Host
	env  *kube.Env
	url  string
}

func open(t *testing.T, body string) *fixture {
	t.Helper()
	f := &fixture{host: steptest.NewHost(t), env: kube.NewEnv(kube.Options{})}
	f.Use = steptest.Use{Definition: New(f.env), Run: &step.Run{
		Host: f.host, Scope: eval.Scope{"vars": map[string]any{"state": "open"}},
		Scenario: step.Scenario{ID: "sr-test"},
	}}
	out, err := f.Do(t.Context(), t, body)
	if err != nil {
		t.Fatal(err)
	}
	f.url = out["url"].(string)
	if out["name"] != "step1" || "http://"+out["address"].(string) != f.url || !strings.HasSuffix(f.url, fmt.Sprint(":", out["port"])) {
		t.Errorf("outputs are %v", out)
	}
	return f
}

// ask returns status and body of an answer, or the error of the connection.
func (f *fixture) ask(t *testing.T, method, path, body string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, f.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer s3cr3t-token")
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	response, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return fmt.Sprintf("%d %s %s", response.StatusCode, response.Header.Get("Content-Type"), text), err
}

func (f *fixture) state(t *testing.T) inbox.State {
	t.Helper()
	box, err := inbox.Of(f.env).Get(&step.Run{Scenario: step.Scenario{ID: "sr-test"}}, "step1")
	if err != nil {
		t.Fatal(err)
	}
	return box.State()
}

func TestRoutes(t *testing.T) {
	f := open(t, `
routes:
  - {path: "/orders/{id}", method: GET, answer: {body: {id: "${{ request.params.id }}", state: "${{ vars.state }}", full: "${{ request.query.full ?? 'no' }}"}}}
  - {path: /orders, method: POST, when: request.body.amount > 1000, name: big, answer: {status: 422, body: too much, headers: {X-Limit: "${{ 500 + 500 }}"}}}
  - path: /orders
    method: [POST, PUT]
    answer: [{status: 503, times: 2}, {status: 201, body: [1, "${{ index }}"]}]
  - {path: "/wheel", cycle: true, answer: [{body: a}, {body: b}]}
  - {path: "/files/{path...}", answer: {body: "file ${{ request.params.path }}"}}
`)
	for _, c := range []struct{ method, path, body, want string }{
		{"GET", "/orders/7?full=yes", "", `200 application/json {"full":"yes","id":"7","state":"open"}`},
		{"GET", "/orders/", "", "501 text/plain; charset=utf-8 mock: GET /orders/ has no route\n"},
		{"DELETE", "/orders/7", "", "501 text/plain; charset=utf-8 mock: DELETE /orders/7 has no route\n"},
		{"POST", "/orders", `{"amount": 2000}`, "422 text/plain; charset=utf-8 too much"},
		{"POST", "/orders", `{"amount": 1}`, "503  "},
		{"PUT", "/orders", `{"amount": 1}`, "503  "},
		{"POST", "/orders", `{"amount": 1}`, "201 application/json [1,2]"},
		{"POST", "/orders", `{"amount": 1}`, "201 application/json [1,3]"},
		{"POST", "/orders", `{"sum": 1}`, "500 text/plain; charset=utf-8 mock: POST /orders could not be answered: when of the route big can't be told: request.body has no field \"amount\"; it has sum (where it may be absent write `request.body.amount ?? …`)\n"},
		{"GET", "/wheel", "", "200 text/plain; charset=utf-8 a"},
		{"GET", "/wheel", "", "200 text/plain; charset=utf-8 b"},
		{"GET", "/wheel", "", "200 text/plain; charset=utf-8 a"},
		{"GET", "/files/a/b.txt", "", "200 text/plain; charset=utf-8 file a/b.txt"},
	} {
		got, err := f.ask(t, c.method, c.path, c.body)
		if err != nil || got != c.want {
			t.Errorf("%s %s %s:\ngot  %s, %v\nwant %s", c.method, c.path, c.body, got, err, c.want)
		}
	}
	state := f.state(t)
	var kept []string
	for _, r := range state.Requests {
		kept = append(kept, fmt.Sprint(r.Route, " ", r.Status))
	}
	want := []string{
		"/orders/{id} 200", " 501", " 501", "big 422", "/orders 503", "/orders 503", "/orders 201", "/orders 201", " 500",
		"/wheel 200", "/wheel 200", "/wheel 200", "/files/{path...} 200",
	}
	if d := cmp.Diff(want, kept); d != "" {
		t.Errorf("kept (-want +got):\n%s", d)
	}
	if len(state.Strange) != 3 || state.Strange[0] != "GET /orders/ has no route; it was answered with 501 Not Implemented" {
		t.Errorf("strange are %q", state.Strange)
	}
	if !slices.Contains(f.host.Secrets(), "s3cr3t-token") {
		t.Errorf("the token is not masked; masked are %q", f.host.Secrets())
	}
	if err := f.host.Close(); err != nil {
		t.Fatal(err)
	}
	var all []map[string]any
	if err := json.Unmarshal(f.host.Attached("step1.json"), &all); err != nil || len(all) != len(want) {
		t.Errorf("attached %s, %v", f.host.Attached("step1.json"), err)
	}
	if _, err := http.Get(f.url); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("the backend still listens after the scenario: %v", err)
	}
	if _, err := inbox.Of(f.env).Get(&step.Run{Scenario: step.Scenario{ID: "sr-test"}}, "step1"); err == nil {
		t.Error("the requests can still be found after the scenario")
	}
}

func TestFaults(t *testing.T) {
	f := open(t, `
routes:
  - {path: /reset, answer: {fault: reset}}
  - {path: /close, answer: {fault: close}}
  - {path: /garbage, answer: {fault: garbage}}
  - {path: /truncate, answer: {fault: truncate, body: 0123456789}}
  - {path: /malformed, answer: {fault: malformed, body: {a: 1}}}
  - {path: /over, answer: {over: 60ms, body: slowly but surely}}
  - {path: /delay, answer: {delay: 60ms, body: late}}
`)
	for path, want := range map[string]string{
		"/reset": "reset by peer", "/close": "EOF", "/garbage": "malformed HTTP", "/truncate": "unexpected EOF",
	} {
		if got, err := f.ask(t, "GET", path, ""); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %s, %v, want %s", path, got, err, want)
		}
	}
	for path, want := range map[string]string{
		"/malformed": `200 application/json {"a`, "/over": "200 text/plain; charset=utf-8 slowly but surely", "/delay": "200 text/plain; charset=utf-8 late",
	} {
		start := time.Now()
		if got, err := f.ask(t, "GET", path, ""); err != nil || got != want {
			t.Errorf("%s: got %s, %v", path, got, err)
		}
		if path != "/malformed" && time.Since(start) < 60*time.Millisecond {
			t.Errorf("%s took only %s", path, time.Since(start))
		}
	}
	for _, r := range f.state(t).Requests {
		broken := slices.Contains([]string{"/reset", "/close", "/garbage"}, r.Path)
		if (r.Status == 0) != broken {
			t.Errorf("%s was kept with status %d", r.Path, r.Status)
		}
	}
}

func TestHangEndsWithTheScenario(t *testing.T) {
	f := open(t, "all: {fault: hang}")
	ended := make(chan error, 1)
	go func() {
		_, err := f.ask(t, "GET", "/x", "")
		ended <- err
	}()
	state := f.state(t)
	for len(state.Requests) == 0 {
		<-state.Changed
		state = f.state(t)
	}
	if err := f.host.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; !errors.Is(err, io.EOF) {
		t.Errorf("got %v, want EOF", err)
	}
}

func TestChanges(t *testing.T) {
	f := open(t, `{routes: [{path: /a, answer: {body: one}}, {path: /b, answer: {body: two}}], unknown: {status: 404, body: "${{ request.path }}?"}}`)
	for _, c := range []struct{ change, want string }{
		{"", "one two /c?"},
		{"{of: step1, routes: [{path: /a, answer: {body: three}}]}", "three two /c?"},
		{"{of: step1, unknown: {body: four}}", "three two four"},
		{"{of: step1, delay: 20ms, all: {body: five}}", "five five five"},
		{"{of: step1, restore: true, routes: [{path: /b, answer: {body: six}}]}", "one six /c?"},
		{"{of: step1, restore: true}", "one two /c?"},
	} {
		if c.change != "" {
			out, err := f.Do(t.Context(), t, c.change)
			if err != nil || out["url"] != f.url {
				t.Fatal(out, err)
			}
		}
		var got []string
		for _, path := range []string{"/a", "/b", "/c"} {
			text, err := f.ask(t, "GET", path, "")
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, text[strings.LastIndex(text, " ")+1:])
		}
		if got := strings.Join(got, " "); got != c.want {
			t.Errorf("%s: got %s, want %s", c.change, got, c.want)
		}
	}
	const want = `no backend is called "stepp1"; did you mean "step1"?`
	if _, err := f.Do(t.Context(), t, "{of: stepp1, restore: true}"); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if err := f.host.Close(); err != nil {
		t.Fatal(err)
	}
	const none = `no backend is open; open one with mock: {routes: …} in a step with the id "step1"`
	if _, err := f.Do(t.Context(), t, "{of: step1, restore: true}"); err == nil || err.Error() != none {
		t.Errorf("got %v, want %s", err, none)
	}
}

func TestTLS(t *testing.T) {
	for name, c := range map[string]struct{ tls, fault, want string }{
		"trusted":    {"{}", "", ""},
		"expired":    {"{expired: true}", "", "expired"},
		"other name": {"{names: shop.test}", "", "not valid for any names, but wanted to match 127.0.0.1|doesn't contain any IP SANs"},
		"reset":      {"{}", "fault: reset", "reset by peer"},
		"garbage":    {"{}", "fault: garbage", "tls: "},
	} {
		t.Run(name, func(t *testing.T) {
			host := steptest.NewHost(t)
			u := steptest.Use{Definition: New(kube.NewEnv(kube.Options{})), Run: &step.Run{Host: host}}
			out, err := u.Do(t.Context(), t, "{tls: "+c.tls+", all: {"+c.fault+"}}")
			if err != nil {
				t.Fatal(err)
			}
			pool := x509.NewCertPool()
			if !pool.AppendCertsFromPEM([]byte(out["ca"].(string))) {
				t.Fatalf("ca is %q", out["ca"])
			}
			client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
			defer client.CloseIdleConnections()
			response, err := client.Get(out["url"].(string))
			if err == nil {
				response.Body.Close()
			}
			if err != nil != (c.want != "") || err != nil && !regexp.MustCompile(c.want).MatchString(err.Error()) {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

func TestPortIsTaken(t *testing.T) {
	f := open(t, "all: {}")
	port := f.url[strings.LastIndex(f.url, ":")+1:]
	want := "port " + port + " is taken by another program; give 0 for a free one"
	if _, err := f.Do(t.Context(), t, "{all: {}, port: "+port+"}"); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestMistakes(t *testing.T) {
	for name, c := range map[string]struct{ body, want string }{
		"nothing":       {"{}", "step.yaml:1:1: mock needs one of routes, chat, unknown, all: what it answers [missing-field]"},
		"no change":     {"{of: a}", "step.yaml:1:1: a change needs one of routes, chat, unknown, all, delay, restore: what is different from now on [missing-field]"},
		"port":          {"{of: a, restore: true, port: 80}", "step.yaml:1:30: port means nothing for a backend that is open already [invalid-value]"},
		"restore":       {"{restore: true, all: {}}", "step.yaml:1:11: only a backend that is open can be restored; name it in of [invalid-value]"},
		"no such port":  {"{all: {}, port: 70000}", "step.yaml:1:17: there is no port 70000; give 0 for a free one, or a number up to 65535 [invalid-value]"},
		"path":          {"{routes: [{path: orders, answer: {}}]}", `step.yaml:1:18: a path starts with /; found "orders" [invalid-value]`},
		"query":         {"{routes: [{path: '/a?b=1', answer: {}}]}", `step.yaml:1:18: a path ends before the ?; write "/a", and the parameters as a condition in when [invalid-value]`},
		"part":          {"{routes: [{path: '/a/{id}.json', answer: {}}]}", `step.yaml:1:18: a place in a path is a whole part, such as {id}; found "{id}.json" [invalid-value]`},
		"rest":          {"{routes: [{path: '/{a...}/b', answer: {}}]}", `step.yaml:1:18: {a...} takes the rest of the path, so nothing can follow it [invalid-value]`},
		"twice":         {"{routes: [{path: '/{a}/{a}', answer: {}}]}", `step.yaml:1:18: two places in the path are called "a" [invalid-value]`},
		"method":        {"{routes: [{path: /, method: get, answer: {}}]}", "step.yaml:1:29: a method is written in capitals: GET [invalid-value]"},
		"status":        {"{routes: [{path: /, answer: {status: 99}}]}", "step.yaml:1:38: 99 is no status that ends an answer; give one from 200 to 599 [invalid-value]"},
		"second status": {"{routes: [{path: /, answer: [{}, {status: 99}]}]}", "step.yaml:1:43: 99 is no status that ends an answer; give one from 200 to 599 [invalid-value]"},
		"times":         {"{all: {times: 0}}", "step.yaml:1:15: an answer is given at least once; found 0 [invalid-value]"},
		"fault":         {"{all: {fault: rest}}", `step.yaml:1:15: fault: "rest" is not one of its values; did you mean "reset"? [unknown-value]`},
		"over":          {"{all: {fault: reset, over: 1s}}", "step.yaml:1:28: over means nothing when no body is sent because of fault: reset [invalid-value]"},
		"cycle":         {"{routes: [{path: /, cycle: true, answer: {}}]}", "step.yaml:1:28: a single answer is repeated anyway; give a list, or leave cycle out [invalid-value]"},
		"expression":    {"{routes: [{path: /, answer: {body: '${{ request.param.id }}'}}]}", `step.yaml:1:49: unknown field "param" of request; did you mean "params"? [unknown-field]`},
		"pattern":       {"{chat: {answers: [{match: 'a(', say: x}]}}", "step.yaml:1:27: match is no regular expression: missing closing ): `a(` [invalid-value]"},
		"silence":       {"{chat: {answers: [{match: a}]}}", "step.yaml:1:19: an answer needs one of say, call, fault, status [missing-field]"},
		"groups":        {"{chat: {answers: [{say: '${{ promt }}'}]}}", `step.yaml:1:30: unknown name "promt"; did you mean "prompt"? [unknown-name]`},
	} {
		t.Run(name, func(t *testing.T) {
			_, got := steptest.Use{Definition: New(kube.NewEnv(kube.Options{}))}.Compile(t, c.body)
			if line, _, _ := strings.Cut(got, "\n"); line != c.want {
				t.Errorf("got  %s\nwant %s", line, c.want)
			}
		})
	}
}

const model = `
chat:
  model: tiny
  answers:
    - {match: 'first', times: 1, say: only once}
    - {match: 'OOMKilled.*deployment (?P<name>[a-z-]+)', when: prompt contains "web", say: {action: scale, target: "${{ groups.name }}"}}
    - {match: disk, call: {name: cleanup, arguments: {keep: "${{ index + 3 }}"}}}
    - {match: limit, status: 429, say: slow down}
    - {match: broken, say: '{"action": '}
    - {match: gone, fault: close}
`

// talk asks a model and returns its message, or the whole body when there is none.
func (f *fixture) talk(t *testing.T, path, prompt, more string) string {
	t.Helper()
	text, err := json.Marshal(prompt)
	if err != nil {
		t.Fatal(err)
	}
	body := fmt.Sprintf(`{"model": "m", "messages": [{"role": "system", "content": "be brief"}, {"role": "user", "content": %s}, {"role": "assistant", "content": "hm"}], "prompt": %s%s}`, text, text, more)
	got, err := f.ask(t, "POST", path, body)
	if err != nil {
		return err.Error()
	}
	status, rest, _ := strings.Cut(got, " ")
	_, document, _ := strings.Cut(rest, " ")
	var answer struct {
		Model    string
		Message  json.RawMessage
		Response *string
		Choices  []struct {
			Message json.RawMessage
			Finish  string `json:"finish_reason"`
		}
	}
	if err := json.Unmarshal([]byte(document), &answer); err != nil {
		return got
	}
	switch {
	case len(answer.Choices) == 1:
		return fmt.Sprintf("%s %s %s %s", status, answer.Model, answer.Choices[0].Finish, answer.Choices[0].Message)
	case answer.Response != nil:
		return status + " " + answer.Model + " " + *answer.Response
	case answer.Message != nil:
		return fmt.Sprintf("%s %s %s", status, answer.Model, answer.Message)
	}
	return status + " " + document
}

func TestModels(t *testing.T) {
	f := open(t, model)
	const openai, chat, generate = "/v1/chat/completions", "/api/chat", "/api/generate"
	for _, c := range []struct{ path, prompt, want string }{
		{openai, "first", `200 m stop {"content":"only once","role":"assistant"}`},
		{openai, "first", `501 {"error":{"code":null,"message":"mock: POST /v1/chat/completions: no answer fits the prompt \"first\""`},
		{chat, "OOMKilled in deployment web-api", `200 m {"content":"{\"action\":\"scale\",\"target\":\"web-api\"}","role":"assistant"}`},
		{chat, "OOMKilled in deployment api", `501 {"error":"mock: POST /api/chat: no answer fits the prompt \"OOMKilled in deployment api\""}`},
		{openai, "disk full", `200 m tool_calls {"content":null,"role":"assistant","tool_calls":[{"function":{"arguments":"{\"keep\":3}","name":"cleanup"},"id":"call_1","index":0,"type":"function"}]}`},
		{chat, "disk full", `200 m {"content":"","role":"assistant","tool_calls":[{"function":{"arguments":{"keep":4},"name":"cleanup"}}]}`},
		{openai, "limit", `429 {"error":{"code":null,"message":"slow down","param":null,"type":"mock_error"}}`},
		{generate, "limit", `429 {"error":"slow down"}`},
		{generate, "broken", `200 m {"action": `},
	} {
		got := f.talk(t, c.path, c.prompt, `, "stream": false`)
		if !strings.HasPrefix(got, c.want) {
			t.Errorf("%s %s:\ngot  %s\nwant %s", c.path, c.prompt, got, c.want)
		}
	}
	if got := f.talk(t, openai, "gone", ""); !strings.HasSuffix(got, "EOF") {
		t.Errorf("got %s, want EOF", got)
	}
	for path, want := range map[string]string{
		"/v1/models":   `200 application/json {"data":[{"created":0,"id":"tiny","object":"model","owned_by":"mock"}],"object":"list"}`,
		"/api/tags":    `200 application/json {"models":[{"details":{},"digest":"","model":"tiny","name":"tiny","size":0}]}`,
		"/api/version": `200 application/json {"version":"0.0.0-mock"}`,
	} {
		if got, err := f.ask(t, "GET", path, ""); err != nil || got != want {
			t.Errorf("%s: got %s, %v", path, got, err)
		}
	}
}

func TestStreams(t *testing.T) {
	f := open(t, "chat: {answers: [{match: tool, call: {name: act}}, {say: one two three}]}")
	for _, c := range []struct{ path, body, want string }{
		{"/v1/chat/completions", `{"stream": true, "messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}]}`, "one two three"},
		{"/api/chat", `{"messages": [{"role": "user", "content": "hi"}]}`, "one two three"},
		{"/api/generate", `{"prompt": "hi"}`, "one two three"},
		{"/v1/chat/completions", `{"stream": true, "messages": [{"role": "user", "content": "tool"}]}`, "act"},
		{"/api/chat", `{"messages": [{"role": "user", "content": "tool"}]}`, "act"},
	} {
		got, err := f.ask(t, "POST", c.path, c.body)
		if err != nil {
			t.Fatal(err)
		}
		if text := assemble(t, got); text != c.want {
			t.Errorf("%s: got %q from %s", c.path, text, got)
		}
	}
}

// assemble puts the pieces of a stream together, and holds that it is ended as its API ends it.
func assemble(t *testing.T, stream string) string {
	t.Helper()
	text, ended := "", false
	lines := bufio.NewScanner(strings.NewReader(stream[strings.Index(stream, "{")-len("data: "):]))
	for lines.Scan() {
		line := strings.TrimPrefix(strings.TrimSpace(lines.Text()), "data: ")
		if i := strings.Index(line, "{"); i > 0 && !strings.HasPrefix(line, "[") {
			line = line[i:]
		}
		if line == "" {
			continue
		}
		if line == "[DONE]" {
			ended = true
			continue
		}
		type call struct{ Function struct{ Name string } }
		type message struct {
			Content   string
			ToolCalls []call `json:"tool_calls"`
		}
		var piece struct {
			Choices  []struct{ Delta message }
			Message  message
			Response string
			Done     bool
		}
		if err := json.Unmarshal([]byte(line), &piece); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		all := []message{piece.Message}
		for _, c := range piece.Choices {
			all = append(all, c.Delta)
		}
		for _, m := range all {
			text += m.Content
			for _, c := range m.ToolCalls {
				text += c.Function.Name
			}
		}
		text += piece.Response
		ended = ended || piece.Done
	}
	if !ended {
		t.Errorf("the stream has no end: %s", stream)
	}
	return text
}
