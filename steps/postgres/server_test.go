package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/engine/steptest"
	part "github.com/scenario-runner/scenario-runner/internal/testparts/postgres"
	"github.com/scenario-runner/scenario-runner/steps/postgres"
	"github.com/scenario-runner/scenario-runner/steps/settings"
)

// server is the real PostgreSQL of this package's tests.
var server *part.Server

func TestMain(m *testing.M) { os.Exit(withServer(m)) }

func withServer(m *testing.M) int {
	var err error
	if server, err = part.Start(context.Background()); err != nil {
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

// connection is what an author writes to reach a database of the real server.
func connection(d *part.Database) postgres.Connection {
	return postgres.Connection{URL: d.URL(), Password: part.Password}
}

func target(t testing.TB, c postgres.Connection) postgres.Target {
	t.Helper()
	run := &step.Run{Host: steptest.NewHost(t), Scenario: step.Scenario{Dir: t.TempDir()}}
	out, err := c.Resolve(t.Context(), &settings.Settings{}, run)
	if err != nil {
		t.Fatal(err)
	}
	out.Label = "history"
	return out
}

// ask reads once from the database d.
func ask(t testing.TB, d *part.Database, sql string, columns postgres.Columns, params ...any) (postgres.Result, error) {
	t.Helper()
	return postgres.Ask(t.Context(), target(t, connection(d)), postgres.Options{}, postgres.Statement{SQL: sql, Params: params}, columns,
		func(err error) { t.Log("asking again:", err) })
}

func open(t testing.TB, d *part.Database, options postgres.Options) *postgres.Conn {
	t.Helper()
	c, err := postgres.Connect(t.Context(), target(t, connection(d)), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(context.WithoutCancel(t.Context())) })
	return c
}

// expect compares the text of an error; "" stands for none.
func expect(t testing.TB, err error, want string) {
	t.Helper()
	got := ""
	if err != nil {
		got = err.Error()
	}
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func doubtful(err error) bool {
	e, ok := errors.AsType[*postgres.Error](err)
	return ok && e.Doubtful
}
