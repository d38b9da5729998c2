package web_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/alert"
	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/history"
	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/metric"
	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/remedy"
	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/web"
)

// recorder takes alerts into a history, or refuses them.
type recorder struct {
	history *history.History
	err     error
}

func (r *recorder) Receive(_ context.Context, a alert.Alert) (history.Entry, error) {
	if r.err != nil {
		return history.Entry{}, r.err
	}
	entry := history.Entry{ID: "id-" + a.Name(), Alertname: a.Name(), Labels: a.Labels, Status: history.NoAction}
	return entry, r.history.Record(entry)
}

// site is a handler with its parts.
type site struct {
	http.Handler
	receiver *recorder
	metrics  *metric.Metrics
	ready    error
}

// newSite returns a handler with an empty history.
func newSite() *site {
	h := history.New(10, nil)
	s := &site{receiver: &recorder{history: h}, metrics: metric.New()}
	s.Handler = web.NewHandler(web.Config{
		Receiver: s.receiver, History: h, Metrics: s.metrics,
		Ready: func(context.Context) error { return s.ready }, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	return s
}

// call makes a request and returns status and body.
func (s *site) call(t *testing.T, method, path, body string) (int, string) {
	t.Helper()
	response := httptest.NewRecorder()
	s.ServeHTTP(response, httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body)))
	return response.Code, strings.TrimSpace(response.Body.String())
}

// message is a message of Alertmanager with two alerts.
const message = `{"version":"4","alerts":[
	{"status":"firing","labels":{"alertname":"A","namespace":"shop"}},
	{"status":"firing","labels":{"alertname":"B","namespace":"bank"}}]}`

func TestAlertsAreTakenAndListed(t *testing.T) {
	s := newSite()
	if status, body := s.call(t, "POST", "/api/v1/alerts", message); status != http.StatusAccepted {
		t.Fatalf("answer is %d %s", status, body)
	}
	for query, want := range map[string][]string{
		"":                          {"A", "B"},
		"?alert=A":                  {"A"},
		"?namespace=bank":           {"B"},
		"?status=no_action&alert=B": {"B"},
		"?status=succeeded":         {},
	} {
		status, body := s.call(t, "GET", "/api/v1/actions"+query, "")
		var entries []history.Entry
		if err := json.Unmarshal([]byte(body), &entries); err != nil || status != http.StatusOK || entries == nil {
			t.Fatalf("answer to %q is %d %s", query, status, body)
		}
		names := []string{}
		for _, entry := range entries {
			names = append(names, entry.Alertname)
		}
		if diff := cmp.Diff(want, names); diff != "" {
			t.Errorf("answer to %q (-want +got):\n%s", query, diff)
		}
	}
	if status, body := s.call(t, "GET", "/api/v1/actions/id-A", ""); status != http.StatusOK || !strings.Contains(body, `"alertname":"A"`) {
		t.Errorf("the entry is %d %s", status, body)
	}
}

func TestRefusalsSayWhy(t *testing.T) {
	for name, test := range map[string]struct {
		method, path, body string
		receiver           error
		status             int
		want               string
	}{
		"message":  {"POST", "/api/v1/alerts", `{"version":"1"}`, nil, 400, `{"error":"found message version \"1\", expected \"4\""}`},
		"size":     {"POST", "/api/v1/alerts", `"` + strings.Repeat("x", 5<<20), nil, 413, `{"error":"the message is larger than 4194304 bytes"}`},
		"stopping": {"POST", "/api/v1/alerts", message, remedy.ErrStopping, 503, `{"error":"the remediator is stopping"}`},
		"record":   {"POST", "/api/v1/alerts", message, errors.New("disk full"), 500, `{"error":"disk full"}`},
		"filter":   {"GET", "/api/v1/actions?alertname=A&b=1", "", nil, 400, `{"error":"unknown filter \"alertname\"; known are alert, namespace, status"}`},
		"status":   {"GET", "/api/v1/actions?status=done", "", nil, 400, `{"error":"unknown status \"done\"; known are received, executing, succeeded, failed, duplicate, no_action, dry_run, forbidden, resolved, rolled_back, correlated"}`},
		"id":       {"GET", "/api/v1/actions/x", "", nil, 404, `{"error":"there is no action \"x\""}`},
		"method":   {"GET", "/api/v1/alerts", "", nil, 405, "Method Not Allowed"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite()
			s.receiver.err = test.receiver
			status, body := s.call(t, test.method, test.path, test.body)
			if status != test.status || body != test.want {
				t.Errorf("answer is %d %s, want %d %s", status, body, test.status, test.want)
			}
		})
	}
}

func TestHealthReadinessAndMetrics(t *testing.T) {
	s := newSite()
	s.metrics.AlertReceived("A", "firing")
	s.ready = errors.New("the API server is not ready: connection refused")
	for path, want := range map[string]string{
		"/healthz": `{"status":"ok"}`,
		"/readyz":  `{"error":"the API server is not ready: connection refused"}`,
	} {
		if _, body := s.call(t, "GET", path, ""); body != want {
			t.Errorf("%s says %s, want %s", path, body, want)
		}
	}
	if status, _ := s.call(t, "GET", "/readyz", ""); status != http.StatusServiceUnavailable {
		t.Errorf("/readyz answers %d while the API server is not ready", status)
	}
	s.ready = nil
	if status, body := s.call(t, "GET", "/readyz", ""); status != http.StatusOK {
		t.Errorf("/readyz answers %d %s", status, body)
	}
	if _, body := s.call(t, "GET", "/metrics", ""); !strings.Contains(body, `remediator_alerts_received_total{alertname="A",status="firing"} 1`) {
		t.Errorf("/metrics says %s", body)
	}
}
