package database_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/action"
	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/database"
	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/history"
)

// TestALaterProcessKnowsWhatWasDone compares what is restored with what was written.
func TestALaterProcessKnowsWhatWasDone(t *testing.T) {
	d := server.NewDatabase(t)
	at := func(seconds int) *time.Time {
		moment := time.Date(2026, 5, 4, 3, 2, seconds, 0, time.UTC)
		return &moment
	}
	want := []history.Entry{
		{
			ID: "1", Alertname: "Busy", Fingerprint: "f", Labels: map[string]string{"severity": "critical"}, Action: "scale_deployment",
			Target: &action.Target{Kind: action.Deployment, Namespace: "shop", Name: "web"}, Status: history.Succeeded,
			StartedAt: *at(1), BegunAt: at(2), FinishedAt: at(3), CooldownUntil: at(40),
			Before: action.State{"replicas": 2.0}, After: action.State{"replicas": 3.0}, Model: &history.Opinion{Confidence: 0.9, Reason: "load"},
		},
		{ID: "2", Alertname: "Other", Labels: map[string]string{}, Status: history.NoAction, Reason: "no rule matches the alert", StartedAt: *at(4), FinishedAt: at(4)},
	}
	store := open(t, d)
	for _, entry := range want {
		if err := store.Append(entry); err != nil {
			t.Fatal(err)
		}
	}
	got, err := open(t, d).Restore(t.Context(), 10)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("restored (-want +got):\n%s", diff)
	}
	newest, err := store.Restore(t.Context(), 1)
	if err != nil || len(newest) != 1 || newest[0].ID != "2" {
		t.Errorf("the newest one is %v, %v", newest, err)
	}
}

// TestWhatADeadProcessLeftIsFailed leaves alone what a living one is at work on.
func TestWhatADeadProcessLeftIsFailed(t *testing.T) {
	d := server.NewDatabase(t)
	living := open(t, d)
	dead, err := database.Open(t.Context(), address(t, d))
	if err != nil {
		t.Fatal(err)
	}
	started := time.Now()
	for id, store := range map[string]*database.Store{"living": living, "dead": dead} {
		if err := store.Append(history.Entry{ID: id, Alertname: "Busy", Status: history.Executing, StartedAt: started}); err != nil {
			t.Fatal(err)
		}
	}
	if err := dead.Close(); err != nil {
		t.Fatal(err)
	}
	entries, err := open(t, d).Restore(t.Context(), 10)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, entry := range entries {
		got[entry.ID] = string(entry.Status) + " " + entry.Reason
	}
	want := map[string]string{"living": "executing ", "dead": "failed the remediator ended before the action did; what it changed is not known"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("restored (-want +got):\n%s", diff)
	}
}
