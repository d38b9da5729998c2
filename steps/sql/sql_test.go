package sql_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/engine/steptest"
	part "github.com/scenario-runner/scenario-runner/internal/testparts/postgres"
	"github.com/scenario-runner/scenario-runner/steps/assert"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/settings"
	"github.com/scenario-runner/scenario-runner/steps/sql"
	"github.com/scenario-runner/scenario-runner/steps/waitfor"
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

// project is what scenario-runner.yaml says in these tests: history is the database of the test, frozen is read-only.
func project(d *part.Database) *kube.Env {
	connection := settings.Connection{Name: "history", At: "scenario-runner.yaml:4:3", Type: "postgres", Password: settings.Value{Env: "HISTORY_PASSWORD"}}
	if d != nil {
		connection.URL = d.URL()
	}
	frozen := connection
	frozen.Name, frozen.ReadOnly, frozen.At = "frozen", true, "scenario-runner.yaml:5:3"
	return kube.NewEnv(kube.Options{Settings: settings.Settings{
		Connections: map[string]settings.Connection{"history": connection, "frozen": frozen},
		LookupEnv: func(name string) (string, bool) {
			return part.Password, name == "HISTORY_PASSWORD"
		},
	}})
}

// use is a use of one of the steps in a project, with a host that knows the undos.
func use(t testing.TB, env *kube.Env, definition step.Definition, vars map[string]any) (steptest.Use, *steptest.Host) {
	t.Helper()
	host := steptest.NewHost(t, sql.Undos(env)...)
	return steptest.Use{Definition: definition, Functions: append(kube.Functions(), assert.Functions()...), Run: &step.Run{
		Host: host, Scope: eval.Scope{"vars": vars, "secrets": map[string]any{"password": part.Password}},
		Scenario: step.Scenario{ID: "sr-test", Dir: t.TempDir()},
	}}, host
}

func do(t testing.TB, d *part.Database, body string) (map[string]any, *steptest.Host, error) {
	t.Helper()
	env := project(d)
	u, host := use(t, env, sql.New(env), map[string]any{"url": d.URL(), "alert": "x'; drop table actions; --", "limit": 2})
	out, err := u.Do(t.Context(), t, body)
	return out, host, err
}

// expect compares the text and the verdict of an error; "" stands for none.
func expect(t testing.TB, err error, verdict step.Verdict, want string) {
	t.Helper()
	got := ""
	if err != nil {
		got = err.Error()
	}
	if got != want || step.VerdictOf(err) != verdict {
		t.Errorf("got  %s (%s)\nwant %s (%s)", got, step.VerdictOf(err), want, verdict)
	}
	if strings.Contains(got, part.Password) {
		t.Error("the password is shown")
	}
}

func withActions(t testing.TB) *part.Database {
	t.Helper()
	d := server.NewDatabase(t)
	d.Exec(t, "create table actions (id int primary key, action_type text, alert text); insert into actions values (1, 'restart_pod', 'a'), (2, 'increase_resources', 'b')")
	return d
}

func TestContract(t *testing.T) {
	steptest.Contract(t, sql.New(project(nil)))
	steptest.Contract(t, waitfor.New(project(nil)))
}

func TestQuery(t *testing.T) {
	d := withActions(t)
	out, host, err := do(t, d, `{connection: history, query: "select id, action_type from actions where id <= $1 order by id", params: ["${{ vars.limit }}"], columns: {id: integer}}`)
	if err != nil {
		t.Fatal(err)
	}
	delete(out, "took")
	want := map[string]any{
		"rows":  []any{map[string]any{"id": 1, "action_type": "restart_pod"}, map[string]any{"id": 2, "action_type": "increase_resources"}},
		"first": map[string]any{"id": 1, "action_type": "restart_pod"}, "count": 2, "affected": 0,
	}
	if diff := cmp.Diff(want, out); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if diff := cmp.Diff([]string{part.Password, "s3cret-pass%2Fword"}, host.Secrets()); diff != "" {
		t.Errorf("masked secrets: -want +got\n%s", diff)
	}
	out, _, err = do(t, d, `{connection: {url: "${{ vars.url }}", password: "${{ secrets.password }}"}, query: select * from actions where alert = $1, params: ["${{ vars.alert }}"]}`)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]any{[]any{}, 0, any(nil)}, []any{out["rows"], out["count"], out["first"]}); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if n := d.Text(t, "select count(*) from actions"); n != "2" {
		t.Errorf("there are %s actions after a parameter that looks like SQL", n)
	}
}

func TestReadOnly(t *testing.T) {
	d := withActions(t)
	for body, want := range map[string]string{
		`{connection: history, query: delete from actions returning id}`:                     "history: cannot execute DELETE in a read-only transaction; only the step sql changes a database, and only with write: true",
		`{connection: history, query: "select setval('s', 1); delete from actions"}`:         "history: these are several statements; a query is one, and exec takes a list of them",
		`{connection: {url: "${{ vars.url }}", passwordFrom: {env: NONE}}, query: select 1}`: "password of " + strings.TrimPrefix(d.URL(), "postgres://"+part.User+"@") + ": the environment variable NONE is not set",
		`{connection: "${{ vars.alert }}", query: select 1}`:                                 `no connection "x'; drop table actions; --" in the configuration; choose one of frozen, history`,
	} {
		_, _, err := do(t, d, body)
		expect(t, err, step.Errored, want)
	}
	if n := d.Text(t, "select count(*) from actions"); n != "2" {
		t.Errorf("there are %s actions", n)
	}
}

func TestMistakeInAStatementIsShown(t *testing.T) {
	d := withActions(t)
	_, _, err := do(t, d, "connection: history\nquery: |\n  select id\n  from actions where action_typ = 'x'\n")
	expect(t, err, step.Errored, `history: column "action_typ" does not exist (SQLSTATE 42703)`)
	f, ok := errors.AsType[*step.Failure](err)
	if !ok {
		t.Fatal(err)
	}
	want := []step.Section{{Title: "statement", Lines: []string{
		"from actions where action_typ = 'x'", "                   ^", `hint: Perhaps you meant to reference the column "actions.action_type"`,
	}}}
	if diff := cmp.Diff(want, f.Sections); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}
