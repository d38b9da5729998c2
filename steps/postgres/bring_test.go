package postgres_test

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/engine/steptest"
	part "github.com/scenario-runner/scenario-runner/internal/testparts/postgres"
	"github.com/scenario-runner/scenario-runner/steps/postgres"
	"github.com/scenario-runner/scenario-runner/steps/settings"
)

// sandbox brings the real server of these tests.
type sandbox struct {
	settings.Addons
	server   settings.Connection
	password string // file
}

// Database says how the server is reached.
func (s sandbox) Database(context.Context) (settings.Connection, error) { return s.server, nil }

func newSandbox(t *testing.T) sandbox {
	t.Helper()
	s := sandbox{password: filepath.Join(t.TempDir(), "password")}
	if err := os.WriteFile(s.password, []byte(part.Password), 0o600); err != nil {
		t.Fatal(err)
	}
	s.server = settings.Connection{
		Type: settings.Postgres, Host: server.Host, Port: server.Port, Database: "postgres", User: part.User,
		Password: settings.Value{File: s.password},
	}
	return s
}

// scenarioRun is a run of a step of the scenario with that id.
func scenarioRun(t *testing.T, s *settings.Settings, id string) (*step.Run, *steptest.Host) {
	t.Helper()
	host := steptest.NewHost(t, postgres.Undo(s))
	return &step.Run{Host: host, Scenario: step.Scenario{ID: id, Dir: t.TempDir()}}, host
}

// TestEachScenarioHasItsOwnDatabase makes databases side by side, uses them, and takes them back twice.
func TestEachScenarioHasItsOwnDatabase(t *testing.T) {
	box := newSandbox(t)
	s := &settings.Settings{Addons: box}
	run, host := scenarioRun(t, s, "shop-1a2b")
	var first postgres.Target
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			found, err := postgres.Connection{Name: "history"}.Resolve(t.Context(), s, run)
			if err != nil {
				t.Error(err)
			}
			if i == 0 {
				first = found
			}
		})
	}
	all.Wait()
	if first.Database != "history-shop-1a2b" || first.Label != "history" {
		t.Fatalf("found %s (%s), want history-shop-1a2b", first.Database, first.Label)
	}
	c, err := postgres.Connect(t.Context(), first, postgres.Options{Write: true})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(t.Context())
	if _, err := c.Do(t.Context(), postgres.Work{Script: "create table actions (id int); insert into actions values (1)"}, nil); err != nil {
		t.Fatal(err)
	}
	other, _ := scenarioRun(t, s, "shop-3c4d")
	for name, in := range map[string]*step.Run{"history": other, "audit": run} {
		found, err := postgres.Connection{Name: name}.Resolve(t.Context(), s, in)
		if err != nil {
			t.Fatal(err)
		}
		_, err = postgres.Ask(t.Context(), found, postgres.Options{}, postgres.Statement{SQL: "select * from actions"}, nil, func(error) {})
		expect(t, err, name+`: relation "actions" does not exist (SQLSTATE 42P01)`)
	}
	if err := host.Close(); err != nil { // with a client connected, and once for each step that thought it was the first
		t.Error(err)
	}
	_, err = postgres.Connect(t.Context(), first, postgres.Options{})
	expect(t, err, "history: there is no database called \"history-shop-1a2b\" on "+strings.TrimSuffix(first.Address(), "/history-shop-1a2b"))
	if ledger := host.Ledger(); strings.Contains(ledger, part.Password) || !strings.Contains(ledger, "history-shop-1a2b") {
		t.Errorf("the ledger holds %s", ledger)
	}
}

// TestServerThatHasGone is what a later clean-up finds of a sandbox that went with its run.
func TestServerThatHasGone(t *testing.T) {
	box := newSandbox(t)
	s := &settings.Settings{Addons: box}
	run, host := scenarioRun(t, s, "shop-5e6f")
	if _, err := (postgres.Connection{Name: "history"}).Resolve(t.Context(), s, run); err != nil {
		t.Fatal(err)
	}
	kept := strings.TrimPrefix(strings.TrimSpace(host.Ledger()), "postgres.dropDatabase ")
	if err := host.Close(); err != nil {
		t.Fatal(err)
	}
	undo := postgres.Undo(&settings.Settings{})
	if got := undo.Describe([]byte(kept)); got != "drop the database history-shop-5e6f" {
		t.Errorf("the undo says %q", got)
	}
	elsewhere := strings.ReplaceAll(kept, fmt.Sprint(server.Port), "1") // nobody listens there
	if err := undo.Start(t.Context(), []byte(elsewhere)); err != nil {
		t.Error(err)
	}
	if err := os.Remove(box.password); err != nil {
		t.Fatal(err)
	}
	if err := undo.Start(t.Context(), []byte(kept)); err != nil {
		t.Error(err)
	}
}

// TestLongNamesStayApart keeps names of databases within what PostgreSQL compares.
func TestLongNamesStayApart(t *testing.T) {
	s := &settings.Settings{Addons: newSandbox(t)}
	names := map[string]bool{}
	for _, id := range []string{"a-scenario-with-a-name-that-is-as-long-as-it-can-b1", "a-scenario-with-a-name-that-is-as-long-as-it-can-b2"} {
		run, _ := scenarioRun(t, s, id)
		found, err := postgres.Connection{Name: "history-of-actions"}.Resolve(t.Context(), s, run)
		if err != nil {
			t.Fatal(err)
		}
		names[found.Database] = true
		if len(found.Database) > 63 {
			t.Errorf("%q has %d characters", found.Database, len(found.Database))
		}
	}
	if len(names) != 2 {
		t.Errorf("two scenarios have the databases %v", names)
	}
}

// TestAddressForPrograms opens what a program gets with another client's rules.
func TestAddressForPrograms(t *testing.T) {
	target := target(t, connection(server.NewDatabase(t)))
	address, err := target.Ready(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	if password, _ := u.User.Password(); password != part.Password || u.Query().Get("sslmode") != "disable" {
		t.Errorf("the address is %s", address)
	}
	masked := address
	for _, secret := range target.Secrets() {
		masked = strings.ReplaceAll(masked, secret, "***")
	}
	if !strings.Contains(masked, ":***@") {
		t.Errorf("what masks the password leaves %s", masked)
	}
}
