package observe

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/kubetest"
)

func ref(t *testing.T, text string) kube.Ref {
	t.Helper()
	r, err := kube.ParseRef(text)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func open(t *testing.T, c *kubetest.Cluster, s Source) *Subject {
	t.Helper()
	subject, err := s.Open(t.Context(), c.Run, c.Env)
	if err != nil {
		t.Fatal(err)
	}
	return subject
}

func once(t *testing.T, s *Subject) Look {
	t.Helper()
	l, err := s.Once(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// until watches until a look satisfies the condition, and returns it.
func until(t *testing.T, s *Subject, condition func(Look) bool) Look {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	var last Look
	err := s.Watch(ctx, func(l Look) (bool, error) {
		last = l
		return condition(l), nil
	})
	if err != nil {
		t.Fatalf("%v; last seen: %s", err, last)
	}
	return last
}

func values(items []any, field string) []string {
	var out []string
	for _, item := range items {
		out = append(out, fmt.Sprint(item.(map[string]any)[field]))
	}
	return out
}

func TestObject(t *testing.T) {
	t.Parallel()
	c := kubetest.New(t)
	r := ref(t, "configmap/a")
	subject := open(t, c, Source{Object: &r})
	if l := once(t, subject); l.Value != nil || l.String() != "configmap/a does not exist" {
		t.Errorf("%v: %s", l.Value, l)
	}
	c.Apply(t, "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {k: v}}")
	for _, l := range []Look{once(t, subject), until(t, subject, func(l Look) bool { return l.Value != nil })} {
		if l.Value.(map[string]any)["data"].(map[string]any)["k"] != "v" || l.ResourceVersion == "" || len(l.Objects) != 1 {
			t.Errorf("%+v", l)
		}
	}
}

func TestWatchEveryShowsEachState(t *testing.T) {
	t.Parallel()
	c := kubetest.New(t)
	r := ref(t, "configmaps")
	r.Labels = map[string]string{"app": "test"}
	subject := open(t, c, Source{Objects: &r})
	manifest := "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, labels: {app: test}}, data: {k: '%d'}}"
	var seen []string
	err := subject.WatchEvery(t.Context(), func(l Look) (bool, error) {
		if len(l.Items) == 0 {
			for i := range 5 {
				c.Apply(t, fmt.Sprintf(manifest, i))
			}
			return false, nil
		}
		seen = append(seen, l.Items[0].(map[string]any)["data"].(map[string]any)["k"].(string))
		return len(seen) == 5, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"0", "1", "2", "3", "4"}, seen); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func eventManifest(name, reason, kind, about string) string {
	return fmt.Sprintf(`{apiVersion: v1, kind: Event, metadata: {name: %s}, type: Warning, reason: %s, message: it happened, count: 3,
 involvedObject: {kind: %s, name: %s, namespace: NAMESPACE}, firstTimestamp: "2026-01-01T00:00:00Z", lastTimestamp: "2026-01-01T00:00:05Z", reportingComponent: test}`, name, reason, kind, about)
}

func TestEvents(t *testing.T) {
	t.Parallel()
	c := kubetest.New(t)
	emit := func(name, reason, about string) {
		c.Apply(t, strings.ReplaceAll(eventManifest(name, reason, "Pod", about), "NAMESPACE", c.Target.Namespace))
	}
	emit("one", "Early", "web")
	emit("two", "Early", "other")
	web := ref(t, "pod/web")
	all := open(t, c, Source{Events: &Events{For: &web}})
	late := open(t, c, Source{Events: &Events{For: &web, Since: sinceStart}})
	reasons := open(t, c, Source{Events: &Events{Reason: []string{"Late"}, Type: "Warning"}})
	recent := open(t, c, Source{Events: &Events{Since: "1m"}})
	if got := values(once(t, all).Items, "reason"); !cmp.Equal(got, []string{"Early"}) {
		t.Errorf("all: %v", got)
	}
	if l := once(t, late); len(l.Items) != 0 || l.String() != "events of pod/web: none" {
		t.Errorf("late: %s", l)
	}
	emit("three", "Late", "web")
	for name, subject := range map[string]*Subject{"late": late, "reasons": reasons} {
		l := until(t, subject, func(l Look) bool { return len(l.Items) > 0 })
		got := l.Items[0].(map[string]any)
		want := map[string]any{
			"type": "Warning", "reason": "Late", "message": "it happened", "object": "Pod/web", "kind": "Pod", "name": "web", "count": 3,
			"at": time.Date(2026, 1, 1, 0, 0, 5, 0, time.UTC), "firstAt": time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), "source": "test",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: -want +got\n%s", name, diff)
		}
		if want := []step.Section{{Title: subject.String(), Lines: []string{"Warning Late Pod/web: it happened (3 times)"}}}; !cmp.Equal(want, subject.Explain(t.Context(), l)) {
			t.Errorf("%s: %+v", name, subject.Explain(t.Context(), l))
		}
	}
	if l := once(t, recent); len(l.Items) != 0 {
		t.Errorf("recent: %s", l)
	}
}

const chatty = `{apiVersion: v1, kind: Pod, metadata: {name: %s, labels: {app: chatty}, annotations: {sandbox.scenario-runner.dev/logs: "first line\nlistening on 8080\nlast line"}},
 spec: {containers: [{name: app, image: app}]}}`

func TestLogs(t *testing.T) {
	t.Parallel()
	c := kubetest.New(t)
	pod := ref(t, "pod/one")
	set := kube.Ref{Kind: "pods", Labels: map[string]string{"app": "chatty"}}
	match := `listening on (?P<port>\d+)`
	followed := open(t, c, Source{Logs: &Logs{Of: pod, Match: match}})
	if l := once(t, followed); len(l.Items) != 0 {
		t.Errorf("a pod that does not exist has logged %s", l)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.Apply(t, fmt.Sprintf(chatty, "one"))
	}()
	l := until(t, followed, func(l Look) bool { return len(l.Items) > 0 })
	<-done
	line := l.Items[0].(map[string]any)
	if line["text"] != "listening on 8080" || line["pod"] != "one" || line["container"] != "app" || line["at"].(time.Time).IsZero() {
		t.Errorf("%v", line)
	}
	if diff := cmp.Diff(map[string]any{"port": "8080"}, line["groups"]); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	c.Apply(t, fmt.Sprintf(chatty, "two"))
	every := open(t, c, Source{Logs: &Logs{Of: set}})
	l = until(t, every, func(l Look) bool { return len(l.Items) == 8 }) // the sandbox adds a line
	if l = once(t, every); len(l.Items) != 8 {
		t.Errorf("%d lines of 2 pods, want 8: %v", len(l.Items), values(l.Items, "text"))
	}
	if lines := every.Explain(t.Context(), l); len(lines) != 1 || !strings.HasSuffix(lines[0].Lines[7], "last line") {
		t.Errorf("%+v", lines)
	}
	tail := open(t, c, Source{Logs: &Logs{Of: pod, Tail: 1}})
	if got := values(once(t, tail).Items, "text"); !cmp.Equal(got, []string{"last line"}) {
		t.Errorf("tail: %v", got)
	}
}

func TestLogsOfAWorkloadThatComesLater(t *testing.T) {
	t.Parallel()
	c := kubetest.New(t)
	subject := open(t, c, Source{Logs: &Logs{Of: ref(t, "deployment/web"), Match: "listening", Since: sinceStart}})
	started := false
	var last Look
	err := subject.Watch(t.Context(), func(l Look) (bool, error) {
		last = l
		if !started {
			started = true
			c.Apply(t, `{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {replicas: 2, selector: {matchLabels: {app: web}}, template: {
 metadata: {labels: {app: web}, annotations: {sandbox.scenario-runner.dev/logs: "listening on 8080"}}, spec: {containers: [{name: app, image: app}]}}}}`)
		}
		return len(l.Items) == 2, nil
	})
	if err != nil {
		t.Fatalf("%v; last seen: %s", err, last)
	}
	l := once(t, open(t, c, Source{Logs: &Logs{Of: ref(t, "deployment/web"), Match: "listening", Container: "app"}}))
	if got := values(l.Items, "text"); !cmp.Equal(got, []string{"listening on 8080", "listening on 8080"}) {
		t.Errorf("once: %v", got)
	}
	l = once(t, open(t, c, Source{Logs: &Logs{Of: ref(t, "deployment/web"), Container: "other"}}))
	if len(l.Items) != 0 {
		t.Errorf("another container: %v", l.Items)
	}
}

func TestSourcesThatCannotBeOpened(t *testing.T) {
	t.Parallel()
	c := kubetest.New(t)
	gadget := ref(t, "gadget/a")
	tests := []struct {
		source Source
		want   string
	}{
		{Source{}, "expected one source, found 0"},
		{Source{Object: &gadget}, "gadget"},
		{Source{Objects: &kube.Ref{Kind: "gadgets"}}, "gadgets"},
		{Source{Events: &Events{For: &gadget}}, "gadget"},
		{Source{Events: &Events{Since: "soon"}}, `since: expected step-start or a duration such as 5m, found "soon"`},
		{Source{Logs: &Logs{Of: kube.Ref{Kind: "deployments"}}}, "logs: deployments names no single Deployment; give its name, or choose pods by labels"},
		{Source{Logs: &Logs{Of: ref(t, "pod/a"), Match: "("}}, "match: error parsing regexp: missing closing ): `(`"},
	}
	for _, test := range tests {
		if _, err := test.source.Open(t.Context(), c.Run, c.Env); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("got  %v\nwant %s", err, test.want)
		}
	}
}

func TestEventsOfThingsWithoutNamespace(t *testing.T) {
	t.Parallel()
	c := kubetest.New(t)
	node := ref(t, "node/none")
	f, err := (&Events{For: &node}).open(t.Context(), c.Run, c.Env)
	if err != nil {
		t.Fatal(err)
	}
	if got := f.(*eventsFeed).query.Namespace; got != "default" {
		t.Errorf("looked for in namespace %q, want default", got)
	}
}

func TestHTTP(t *testing.T) {
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Kind", r.Header.Get("X-Ask")+r.Method)
		if asked.Add(1) < 3 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		fmt.Fprint(w, `{"ready": 2, "load": 0.5, "items": [1]}`)
	}))
	defer server.Close()
	source := Source{HTTP: &HTTP{URL: server.URL, Method: "post", Headers: map[string]string{"X-Ask": "a-"}, Every: shortestPoll}}
	subject, err := source.Open(t.Context(), &step.Run{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	l := until(t, subject, func(l Look) bool { return l.Value.(map[string]any)["status"] == http.StatusOK })
	value := l.Value.(map[string]any)
	if diff := cmp.Diff(map[string]any{"ready": 2, "load": 0.5, "items": []any{1}}, value["json"]); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if got := value["headers"].(map[string]any)["x-kind"]; got != "a-POST" {
		t.Errorf("header: %v", got)
	}
	if asked.Load() != 3 {
		t.Errorf("asked %d times, want 3", asked.Load())
	}
	if want := "POST " + server.URL + `: 200 OK: {"ready": 2, "load": 0.5, "items": [1]}`; l.String() != want {
		t.Errorf("got  %s\nwant %s", l, want)
	}
	server.Close()
	l = once(t, subject)
	reason := "connection refused: nothing listens on " + strings.TrimPrefix(server.URL, "http://")
	if want := "POST " + server.URL + ": no answer: " + reason; l.Value != nil || l.String() != want {
		t.Errorf("%v: got  %s\nwant %s", l.Value, l, want)
	}
	want := []step.Section{{Title: "POST " + server.URL + ": no answer", Lines: []string{reason}}}
	if diff := cmp.Diff(want, subject.Explain(t.Context(), l)); diff != "" {
		t.Errorf("the evidence: -want +got\n%s", diff)
	}
}

func TestPasswordsInAddressesAreNotShown(t *testing.T) {
	source := Source{HTTP: &HTTP{URL: "http://user:correct-horse@127.0.0.1/"}}
	if got := source.String(); got != "GET http://user:xxxxx@127.0.0.1/" {
		t.Errorf("got %s", got)
	}
}

func TestWatchEndsWithItsContext(t *testing.T) {
	t.Parallel()
	c := kubetest.New(t)
	web := ref(t, "pod/none")
	cause := errors.New("enough")
	for name, source := range map[string]Source{
		"object": {Object: &web}, "objects": {Objects: &kube.Ref{Kind: "pods"}}, "events": {Events: &Events{}},
		"logs": {Logs: &Logs{Of: web}}, "http": {HTTP: &HTTP{URL: "http://127.0.0.1:1/"}},
	} {
		ctx, cancel := context.WithCancelCause(t.Context())
		err := open(t, c, source).Watch(ctx, func(Look) (bool, error) {
			cancel(cause)
			return false, nil
		})
		if !errors.Is(err, cause) {
			t.Errorf("%s: got %v, want the cause of the context", name, err)
		}
		failing := errors.New("no more")
		if err := open(t, c, source).Watch(t.Context(), func(Look) (bool, error) { return false, failing }); !errors.Is(err, failing) {
			t.Errorf("%s: got %v, want the error of the watcher", name, err)
		}
	}
}

func TestHistory(t *testing.T) {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	h := History{Start: start}
	add := func(seconds int, version, text string) {
		h.Add(Look{At: start.Add(time.Duration(seconds) * time.Second), ResourceVersion: version, describe: func() string { return text }})
	}
	add(0, "1", "one")
	if lines := h.Lines(Look.String); lines != nil {
		t.Errorf("a value that never changed has a history: %v", lines)
	}
	add(1, "2", "one")
	add(2, "", "two")
	if diff := cmp.Diff([]string{"+0s  rv 1  one", "+2s  two"}, h.Lines(Look.String)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	for i := range 20 {
		add(3+i, fmt.Sprint(10+i), fmt.Sprint(i))
	}
	want := []string{
		"+0s  rv 1  one", "… 15 looks …", "+16s  rv 23  13", "+17s  rv 24  14", "+18s  rv 25  15", "+19s  rv 26  16",
		"+20s  rv 27  17", "+21s  rv 28  18", "+22s  rv 29  19",
	}
	if diff := cmp.Diff(want, h.Lines(Look.String)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestSpan(t *testing.T) {
	for d, want := range map[time.Duration]string{
		2 * time.Minute: "2m", time.Hour: "1h", 90 * time.Second: "1m30s", 1234567 * time.Microsecond: "1.235s",
		1234567 * time.Nanosecond: "1.23ms", 300 * time.Millisecond: "300ms", 0: "0s",
	} {
		if got := Span(d); got != want {
			t.Errorf("%d: got %s, want %s", d, got, want)
		}
	}
}

func TestSelectors(t *testing.T) {
	tests := []struct{ manifest, want string }{
		{"{kind: Service, metadata: {name: a}, spec: {selector: {app: web, tier: front}}}", "app=web,tier=front"},
		{"{kind: Deployment, metadata: {name: a}, spec: {selector: {matchLabels: {app: web}, matchExpressions: [{key: tier, operator: Exists}]}}}", "app=web,tier"},
		{"{kind: CronJob, metadata: {name: a}, spec: {}}", "error: CronJob a has no spec.selector that says which pods are its own"},
	}
	for _, test := range tests {
		selector, err := selectorOf(kubetest.Object(t, test.manifest))
		got := fmt.Sprint(selector)
		if err != nil {
			got = "error: " + err.Error()
		}
		if got != test.want {
			t.Errorf("%s\ngot  %s\nwant %s", test.manifest, got, test.want)
		}
	}
}

func TestOldLinesAreDropped(t *testing.T) {
	l := &lines{feed: &logsFeed{name: "logs of pod/a", match: regexp.MustCompile("^x")}}
	for i := range maxLines + 5 {
		l.add(container{pod: "a", name: "c"}, fmt.Sprintf("2026-01-01T00:00:00Z x%d", i))
	}
	l.add(container{pod: "a", name: "c"}, "2026-01-01T00:00:00Z other")
	look := l.look()
	if len(look.Items) != maxLines || values(look.Items[:1], "text")[0] != "x5" {
		t.Errorf("%d lines, the first one %v", len(look.Items), look.Items[0])
	}
	if want := "logs of pod/a: 10000 lines of 10006 (5 older ones were dropped); the last one was a/c: other"; look.String() != want {
		t.Errorf("got  %s\nwant %s", look, want)
	}
}

func TestConnectionsToLogsAreResumed(t *testing.T) {
	w := &follower{lines: &lines{feed: &logsFeed{}}, wake: make(chan struct{}, 1)}
	from := container{pod: "a", name: "c"}
	read := func(text string, after time.Time) time.Time {
		last, err := w.read(io.NopCloser(strings.NewReader(text)), from, after)
		if err != nil {
			t.Fatal(err)
		}
		return last
	}
	last := read("2026-01-01T00:00:01.5Z one\r\n2026-01-01T00:00:02Z two\n", time.Time{})
	last = read("2026-01-01T00:00:01.5Z one\n2026-01-01T00:00:02Z two\n2026-01-01T00:00:02.1Z three\n2026-01-01T00:00:02.1Z four", last)
	if want := time.Date(2026, 1, 1, 0, 0, 2, 100e6, time.UTC); !last.Equal(want) {
		t.Errorf("read up to %s, want %s", last, want)
	}
	if got := values(w.lines.look().Items, "text"); !cmp.Equal(got, []string{"one", "two", "three", "four"}) {
		t.Errorf("read %q", got)
	}
}

func TestEndlessLinesAreCut(t *testing.T) {
	reader := bufio.NewReaderSize(strings.NewReader(strings.Repeat("x", longestLine+70_000)+"\nnext\n"), 1024)
	line, err := readLine(reader)
	if err != nil || len(line) != longestLine {
		t.Errorf("a line of %d bytes, want %d; %v", len(line), longestLine, err)
	}
	if line, err = readLine(reader); err != nil || line != "next" {
		t.Errorf("then %q, %v", line, err)
	}
}
