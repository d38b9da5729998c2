package database_test

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/action"
	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/database"
	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/history"
	"github.com/scenario-runner/scenario-runner/internal/testparts/postgres"
)

// server is the real PostgreSQL of this package's tests.
var server *postgres.Server

func TestMain(m *testing.M) { os.Exit(withServer(m)) }

func withServer(m *testing.M) int {
	var err error
	if server, err = postgres.Start(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	code := m.Run()
	if err := server.Close(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

// address returns the address with the password.
func address(t *testing.T, d *postgres.Database) string {
	t.Helper()
	parsed, err := url.Parse(d.URL())
	if err != nil {
		t.Fatal(err)
	}
	parsed.User = url.UserPassword(postgres.User, postgres.Password)
	return parsed.String()
}

// open opens a store that is closed at the end of the test.
func open(t *testing.T, d *postgres.Database) *database.Store {
	t.Helper()
	store, err := database.Open(t.Context(), address(t, d))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return store
}

// live writes the stages of one action.
func live(t *testing.T, store *database.Store, id string, end history.Status) {
	t.Helper()
	started := time.Now()
	entry := history.Entry{
		ID: id, Alertname: "Busy", Fingerprint: "f", Labels: map[string]string{"severity": "critical"}, Action: "scale_deployment",
		Target: &action.Target{Kind: action.Deployment, Namespace: "shop", Name: "web"}, Status: history.Received, StartedAt: started,
		Model: &history.Opinion{Confidence: 0.9, Reason: "load"},
	}
	finished := started.Add(1500 * time.Millisecond)
	for _, status := range []history.Status{history.Received, history.Executing, end} {
		entry.Status = status
		if status == end {
			entry.FinishedAt, entry.After = &finished, action.State{"replicas": 3}
		}
		if err := store.Append(entry); err != nil {
			t.Fatal(err)
		}
	}
}

func TestActionsAreCountedAndJudged(t *testing.T) {
	d := server.NewDatabase(t)
	store := open(t, d)
	live(t, store, "1", history.Succeeded)
	live(t, store, "2", history.RolledBack)
	if err := store.Append(history.Entry{ID: "3", Alertname: "Other", Status: history.NoAction, StartedAt: time.Now()}); err != nil {
		t.Fatal(err)
	}
	for sql, want := range map[string]string{
		"select total_actions || ' ' || (last_action_at is not null) from action_histories":                                 "2 true",
		"select kind || ' ' || namespace || '/' || name from resource_references":                                           "Deployment shop/web",
		"select execution_status || ' ' || duration_ms from resource_action_traces where action_id = '1'":                   "succeeded 1500",
		"select resource_state_after->>'replicas' from resource_action_traces where action_id = '1'":                        "3",
		"select model_confidence || ' ' || model_reasoning from resource_action_traces where action_id = '2'":               "0.9 load",
		"select alert_labels->>'severity' from resource_action_traces where action_id = '2'":                                "critical",
		"select action_history_id is null from resource_action_traces where action_id = '3'":                                "t",
		"select executed || ' ' || succeeded || ' ' || rolled_back || ' ' || effectiveness_score from action_effectiveness": "2 1 1 0.5",
	} {
		if got := d.Text(t, sql); got != want {
			t.Errorf("%s\nis %q, want %q", sql, got, want)
		}
	}
}

func TestProcessesMayStartAtOnce(t *testing.T) {
	d := server.NewDatabase(t)
	var all sync.WaitGroup
	for range 5 {
		all.Go(func() {
			store, err := database.Open(t.Context(), address(t, d))
			if err == nil {
				err = store.Close()
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

// cut ends every connection to a database but the one that asks for it.
func cut(t *testing.T, d *postgres.Database) {
	t.Helper()
	d.Exec(t, "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()")
}

func TestALostConnectionIsTakenUpAgain(t *testing.T) {
	d := server.NewDatabase(t)
	store := open(t, d)
	cut(t, d)
	entry := history.Entry{ID: "1", Alertname: "Busy", Status: history.NoAction, StartedAt: time.Now()}
	if err := store.Append(entry); err != nil {
		t.Error(err)
	}
	if got := d.Text(t, "select count(*) from resource_action_traces"); got != "1" {
		t.Errorf("%s traces are there, want 1", got)
	}
}

// TestAVersionThatIsWrittenTwiceCountsOnce is what a connection leads to that is lost between the commit and its answer.
func TestAVersionThatIsWrittenTwiceCountsOnce(t *testing.T) {
	d := server.NewDatabase(t)
	store := open(t, d)
	entry := history.Entry{
		ID: "1", Alertname: "Busy", Action: "scale_deployment", Status: history.Executing, StartedAt: time.Now(),
		Target: &action.Target{Kind: action.Deployment, Namespace: "shop", Name: "web"},
	}
	for range 2 {
		if err := store.Append(entry); err != nil {
			t.Fatal(err)
		}
	}
	if got := d.Text(t, "select total_actions from action_histories"); got != "1" {
		t.Errorf("%s actions are counted, want 1", got)
	}
}

func TestWhatCanNotBeWrittenIsAnError(t *testing.T) {
	d := server.NewDatabase(t)
	store := open(t, d)
	d.Exec(t, "alter table resource_action_traces rename to away")
	entry := history.Entry{ID: "1", Alertname: "Busy", Status: history.NoAction, StartedAt: time.Now()}
	err := store.Append(entry)
	if want := `write to the database: ERROR: relation "resource_action_traces" does not exist (SQLSTATE 42P01)`; err == nil || err.Error() != want {
		t.Errorf("error is %v, want %s", err, want)
	}
	d.Exec(t, "alter table away rename to resource_action_traces")
	if err := store.Append(entry); err != nil {
		t.Error(err)
	}
}

func TestEveryVersionIsAnnounced(t *testing.T) {
	d := server.NewDatabase(t)
	store := open(t, d)
	listener, err := pgx.Connect(t.Context(), address(t, d))
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close(context.WithoutCancel(t.Context())) //nolint:errcheck // the test is over
	if _, err := listener.Exec(t.Context(), "listen "+database.Channel); err != nil {
		t.Fatal(err)
	}
	live(t, store, "a", history.Succeeded)
	for range 3 {
		told, err := listener.WaitForNotification(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if told.Payload != "a" {
			t.Errorf("told about %q, want a", told.Payload)
		}
	}
}

func TestErrorsDoNotShowThePassword(t *testing.T) {
	for _, wrong := range []string{
		"postgres://qa:hidden@127.0.0.1:1/x?connect_timeout=2",
		"postgres://qa:hidden@%zz/x",
		strings.Replace(server.NewDatabase(t).URL(), "qa@", "qa:hidden@", 1),
	} {
		_, err := database.Open(t.Context(), wrong)
		if err == nil || strings.Contains(err.Error(), "hidden") || !strings.HasPrefix(err.Error(), "open the database: ") {
			t.Errorf("error is %v", err)
		}
	}
}
