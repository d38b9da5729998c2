package firealert

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
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
)

func TestContract(t *testing.T) { steptest.Contract(t, bare(t)) }

// ledger is a host that keeps the data of the last entry and carries nothing out.
type ledger struct {
	*steptest.Host
	data json.RawMessage
}

type noEntry struct{}

func (noEntry) Undo(context.Context) error   { return nil }
func (noEntry) Forget(context.Context) error { return nil }

func (l *ledger) Record(_ context.Context, _ string, data any) (step.Entry, error) {
	var err error
	l.data, err = json.Marshal(data)
	return noEntry{}, err
}

func TestWebhookFiresAndResolves(t *testing.T) {
	hook, got := receiver(t)
	u, host := use(t, eval.Scope{"hook": hook})
	out, err := u.Do(t.Context(), t, `{alertname: A, labels: {zone: "${{ index > 0 ? 'b' : 'a' }}", pod: "p${{ index }}"}, count: 3, to: {webhook: "${{ vars.hook }}", groupBy: [alertname, zone]}}`)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []struct {
		key  string
		pods []string
	}{
		{`{}:{alertname="A", zone="a"}`, []string{"p0"}},
		{`{}:{alertname="A", zone="b"}`, []string{"p1", "p2"}},
	} {
		p := next(t, got)
		var pods []string
		for _, a := range p.Alerts {
			pods = append(pods, a.Labels["pod"])
			if a.Status != "firing" || !a.EndsAt.IsZero() || !slices.Contains(out["fingerprints"].([]any), any(a.Fingerprint)) {
				t.Errorf("alert is %+v", a)
			}
		}
		if p.GroupKey != want.key || !slices.Equal(pods, want.pods) || p.Version != "4" {
			t.Errorf("got group %s with %q, want %s with %q", p.GroupKey, pods, want.key, want.pods)
		}
	}
	if d := cmp.Diff([]string{"resolve the 3 alerts (A) at " + hook}, host.Open()); d != "" {
		t.Errorf("ledger (-want +got):\n%s", d)
	}
	if err := host.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		p := next(t, got)
		if p.Status != "resolved" || p.Alerts[0].Status != "resolved" || p.Alerts[0].EndsAt.IsZero() {
			t.Errorf("after the scenario: got %+v", p)
		}
	}
}

func TestPacedStorm(t *testing.T) {
	var arrived atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		arrived.Add(1)
		w.WriteHeader(http.StatusAccepted)
	}))
	t.Cleanup(server.Close)
	u, _ := use(t, eval.Scope{"hook": server.URL})
	start := time.Now()
	out, err := u.Do(t.Context(), t, `{alertname: A, labels: {pod: "p${{ index }}"}, count: 21, rate: 50, undo: keep, to: {webhook: "${{ vars.hook }}"}}`)
	if err != nil {
		t.Fatal(err)
	}
	if n := arrived.Load(); n != 21 || out["count"] != 21 || out["status"] != 202 {
		t.Errorf("%d notifications arrived, outputs are %v", n, out)
	}
	if took := time.Since(start); took < 400*time.Millisecond {
		t.Errorf("20 intervals of 20ms took only %s", took)
	}
	if rate := out["rate"].(float64); rate <= 0 || rate > 50 {
		t.Errorf("rate is %v, want at most 50", rate)
	}
}

func TestDueIsNeverAhead(t *testing.T) {
	s := &storm{config: &Config{Rate: 10}, alerts: make([]alert, 25)}
	for elapsed, want := range map[time.Duration]int{
		0: 1, 99 * time.Millisecond: 1, 100 * time.Millisecond: 2, time.Second: 11, 2400 * time.Millisecond: 25, time.Hour: 25,
	} {
		if got := s.due(elapsed); got != want {
			t.Errorf("after %s: %d, want %d", elapsed, got, want)
		}
	}
}

func TestReceiverRefuses(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer s3cr3t-token" {
			http.Error(w, "who are you?", http.StatusUnauthorized)
		}
	}))
	t.Cleanup(server.Close)
	u, host := use(t, eval.Scope{"hook": server.URL})
	out, err := u.Do(t.Context(), t, `{alertname: A, undo: keep, to: {webhook: "${{ vars.hook }}"}}`)
	want := "POST " + server.URL + " was refused with status 401: who are you?"
	if err == nil || err.Error() != want || step.VerdictOf(err) != step.Errored || out["status"] != 401 {
		t.Errorf("got %v (%s), status %v, want %s (errored)", err, step.VerdictOf(err), out["status"], want)
	}
	if _, err := u.Do(t.Context(), t, `{alertname: A, to: {webhook: "${{ vars.hook }}", headers: {Authorization: Bearer s3cr3t-token}}}`); err != nil {
		t.Error(err)
	}
	if !slices.Contains(host.Secrets(), "s3cr3t-token") {
		t.Errorf("the token is not masked; masked are %q", host.Secrets())
	}
}

// TestUndoWithoutAReceiver covers who can't be told that the alert has ended.
func TestUndoWithoutAReceiver(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := "http://" + l.Addr().String()
	l.Close()
	end := time.Date(2026, 1, 31, 13, 0, 0, 0, time.UTC)
	alerts := []alert{{Labels: map[string]string{"alertname": "A"}, EndsAt: end}}
	limit := time.Second
	for _, to := range []To{{Webhook: address, RequestTimeout: limit}, {Alertmanager: address, RequestTimeout: limit}} {
		s := sent{To: to, Dir: t.TempDir(), Alerts: alerts}
		if err := resolve(t.Context(), s); err != nil {
			t.Errorf("%s: %v", to.address(), err)
		}
		if err := waitResolved(t.Context(), s); err != nil {
			t.Errorf("%s: %v", to.address(), err)
		}
	}
	s := sent{To: To{Alertmanager: "http://alertmanager.invalid", RequestTimeout: limit, Headers: map[string]string{"Authorization": "Bearer ***"}}, Alerts: alerts}
	const want = "the alert A could not be resolved (a header of the request was a secret and is not in the ledger; it ends by itself at 2026-01-31T13:00:00Z): "
	if err := resolve(t.Context(), s); err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("got  %v\nwant %s…", err, want)
	}
}

func TestEndOfTheStep(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
	}))
	t.Cleanup(server.Close)
	const body = `{alertname: A, labels: {pod: "p${{ index }}"}, count: 2, rate: 0.001, undo: keep, to: {webhook: "${{ vars.hook }}"}}`
	u, _ := use(t, eval.Scope{"hook": server.URL})
	short, stop := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer stop()
	_, err := u.Do(short, t, body)
	const want = "only 1 of 2 alerts were fired before the step timed out"
	if err == nil || err.Error() != want || step.VerdictOf(err) != step.Failed {
		t.Errorf("got %v (%s), want %s (failed)", err, step.VerdictOf(err), want)
	}
	ctx, cancel := context.WithCancel(t.Context())
	timer := time.AfterFunc(50*time.Millisecond, cancel)
	defer timer.Stop()
	if _, err := u.Do(ctx, t, body); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
}

// TestUndoIsWrittenFirst has a receiver that is not there: nothing was fired, and the ledger knows of it all the same.
func TestUndoIsWrittenFirst(t *testing.T) {
	u, host := use(t, nil)
	_, err := u.Do(t.Context(), t, `{alertname: A, to: {webhook: "http://127.0.0.1:1/x"}}`)
	const want = "POST http://127.0.0.1:1/x: connection refused: nothing listens on 127.0.0.1:1"
	if err == nil || err.Error() != want || step.VerdictOf(err) != step.Errored {
		t.Errorf("got %v (%s), want %s", err, step.VerdictOf(err), want)
	}
	if d := cmp.Diff([]string{"resolve the alert A at http://127.0.0.1:1/x"}, host.Open()); d != "" {
		t.Errorf("ledger (-want +got):\n%s", d)
	}
}

func TestLabelsFromAnExpression(t *testing.T) {
	hook, got := receiver(t)
	u, _ := use(t, eval.Scope{"hook": hook, "labels": map[string]any{"pod": "web", "n": 1}})
	if _, err := u.Do(t.Context(), t, `{alertname: A, labels: "${{ vars.labels }}", identify: false, to: {webhook: "${{ vars.hook }}"}}`); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(map[string]string{"alertname": "A", "pod": "web", "n": "1"}, next(t, got).Alerts[0].Labels); d != "" {
		t.Errorf("labels (-want +got):\n%s", d)
	}
	for labels, want := range map[string]string{
		"x":                  `labels are a mapping from names to texts; found "x"`,
		"__name__":           `labels: "__name__" can't be used: names that start with __ are internal to Prometheus`,
		"alertname":          "labels: the name of the alert is given by alertname already",
		"nothing in a label": "labels: pod: it is nothing, which can't be part of a text",
	} {
		value := map[string]any{labels: "y"}
		u.Run.Scope["vars"].(map[string]any)["labels"] = value
		switch labels {
		case "x":
			u.Run.Scope["vars"].(map[string]any)["labels"] = "x"
		case "nothing in a label":
			u.Run.Scope["vars"].(map[string]any)["labels"] = map[string]any{"pod": nil}
		}
		_, err := u.Do(t.Context(), t, `{alertname: A, labels: "${{ vars.labels }}", to: {webhook: "${{ vars.hook }}"}}`)
		if err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestMistakes(t *testing.T) {
	for name, c := range map[string]struct{ body, want string }{
		"nowhere":     {"{alertname: A}", `step.yaml:1:1: fireAlert needs "to", which names an alertmanager or a webhook, or an alertmanager in scenario-runner.yaml; run --sandbox brings one [invalid-value]`},
		"both":        {"{alertname: A, to: {alertmanager: http://a, webhook: http://b}}", `step.yaml:1:45: only one of alertmanager, webhook can be given; "alertmanager" is given already [exclusive-fields]`},
		"address":     {"{alertname: A, to: {webhook: localhost:80}}", `step.yaml:1:30: an address starts with http:// or https:// and names a host; found "localhost:80" [invalid-value]`},
		"group":       {"{alertname: A, to: {alertmanager: http://a, groupBy: x}}", "step.yaml:1:54: groupBy means nothing without webhook; Alertmanager decides it by its own configuration [invalid-value]"},
		"alertname":   {"{alertname: A, labels: {alertname: B}, to: {webhook: http://b}}", "step.yaml:1:25: the name of the alert is given by alertname already [exclusive-fields]"},
		"internal":    {"{alertname: A, labels: {__x: B}, to: {webhook: http://b}}", `step.yaml:1:30: "__x" can't be used: names that start with __ are internal to Prometheus [invalid-value]`},
		"old name":    {"{alertname: A, labels: {a-b: B}, to: {webhook: http://b}}", `step.yaml:1:30: warning: "a-b" is a name that only newer versions of Prometheus and Alertmanager take; older ones want letters, digits and underscores [alert-label-name]`},
		"list":        {"{alertname: A, labels: [a], to: {webhook: http://b}}", "step.yaml:1:16: labels are a mapping from names to texts; found a list [invalid-value]"},
		"same":        {"{alertname: A, count: 3, to: {webhook: http://b}}", "step.yaml:1:23: warning: all 3 alerts have the same labels, so they count as one; put ${{ index }} into a label [same-alerts]"},
		"count":       {"{alertname: A, count: 0, to: {webhook: http://b}}", "step.yaml:1:23: between 1 and 10000 alerts can be fired at once; found 0 [invalid-value]"},
		"time":        {"{alertname: A, startsAt: yesterday, to: {webhook: http://b}}", `step.yaml:1:26: "yesterday" is no time; write it as in 2026-01-31T12:00:00Z [invalid-value]`},
		"order":       {"{alertname: A, startsAt: 2026-01-31T12:00:00Z, endsAt: 2026-01-31T12:00:00Z, to: {alertmanager: http://b}}", "step.yaml:1:56: the alert would end before it starts [invalid-value]"},
		"keep":        {"{alertname: A, resolveAfter: 1m, undo: keep, to: {webhook: http://b}}", "step.yaml:1:30: the alert is resolved after 1m0s, so it can't be kept [invalid-value]"},
		"undo":        {"{alertname: A, undo: kep, to: {webhook: http://b}}", `step.yaml:1:22: undo: "kep" is not one of its values; did you mean "keep"? [unknown-value]`},
		"index":       {"{alertname: 'A${{ indx }}', to: {webhook: http://b}}", `step.yaml:1:19: unknown name "indx"; did you mean "index"? [unknown-name]`},
		"webhook end": {"{alertname: A, endsAt: 2026-01-31T12:00:00Z, to: {webhook: http://b}}", "step.yaml:1:24: endsAt means nothing for a webhook, where an alert fires until it is resolved; use resolveAfter [invalid-value]"},
	} {
		t.Run(name, func(t *testing.T) {
			_, got := steptest.Use{Definition: bare(t)}.Compile(t, c.body)
			if line, _, _ := strings.Cut(got, "\n"); line != c.want {
				t.Errorf("got  %s\nwant %s", line, c.want)
			}
		})
	}
}
