package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/audit"
	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/clustertest"
	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/history"
	"github.com/scenario-runner/scenario-runner/internal/testparts/postgres"
)

// newDatabase starts a server for one test and returns a database with its address.
func newDatabase(t *testing.T) (*postgres.Database, string) {
	t.Helper()
	server, err := postgres.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	d := server.NewDatabase(t)
	address, err := url.Parse(d.URL())
	if err != nil {
		t.Fatal(err)
	}
	address.User = url.UserPassword(postgres.User, postgres.Password)
	return d, address.String()
}

// TestEverythingTogether decides by a model, acts on a cluster that the alert names, and finds the end of it in the
// database, in the audit log and at the webhook.
func TestEverythingTogether(t *testing.T) {
	d, address := newDatabase(t)
	cluster := clustertest.Open(t, kubeconfig)
	cluster.Deploy(t, 1)
	told := make(chan history.Entry, 1)
	webhook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var entry history.Entry
		if err := json.NewDecoder(r.Body).Decode(&entry); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
		}
		told <- entry
	}))
	t.Cleanup(webhook.Close)
	llm := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		answer := `{"action": "scale_deployment", "parameters": {"delta": 2}, "confidence": 0.9, "reason": "load"}`
		if err := json.NewEncoder(w).Encode(map[string]any{"message": map[string]string{"content": answer}}); err != nil {
			panic(err)
		}
	}))
	t.Cleanup(llm.Close)
	log := filepath.Join(t.TempDir(), "audit.log")
	p := start(t, "--llm", llm.URL, "--database", address, "--audit", log, "--notify", webhook.URL, "--cluster", "east="+kubeconfig)
	alert := `{"version":"4","alerts":[{"status":"firing","labels":{"alertname":"HighLoad","cluster":"east","namespace":"` +
		cluster.Namespace + `","deployment":"web"}}]}`
	if status, body := p.call(t, "POST", "/api/v1/alerts", alert); status != http.StatusAccepted {
		t.Fatalf("the answer is %d %s", status, body)
	}
	select {
	case entry := <-told:
		if entry.Status != history.Succeeded || entry.Model == nil || entry.Target.Cluster != "east" {
			t.Errorf("the webhook heard %+v", entry)
		}
	case <-time.After(30 * time.Second):
		t.Fatalf("the webhook heard nothing\n%s", p.stderr)
	}
	if got := *cluster.Deployment(t).Spec.Replicas; got != 3 {
		t.Errorf("the cluster has %d replicas, want 3", got)
	}
	p.terminate(t)
	got := d.Text(t, `select cluster || ' ' || execution_status || ' ' || model_confidence || ' ' || total_actions
		from resource_action_traces t join action_histories h on h.id = t.action_history_id join resource_references r on r.id = h.resource_id`)
	if want := "east succeeded 0.9 1"; got != want {
		t.Errorf("the database says %q, want %q", got, want)
	}
	data, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	if last, err := audit.Check(data); err != nil || last == "" {
		t.Errorf("the audit log is broken: %v\n%s", err, data)
	}
}
