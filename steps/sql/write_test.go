package sql_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/engine/steptest"
	part "github.com/scenario-runner/scenario-runner/internal/testparts/postgres"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/settings"
	"github.com/scenario-runner/scenario-runner/steps/sql"
)

const ids = "select coalesce(string_agg(id::text, ',' order by id), '') from actions"

func expectIDs(t testing.TB, d *part.Database, want string) {
	t.Helper()
	if got := d.Text(t, ids); got != want {
		t.Errorf("actions are %q, want %q", got, want)
	}
}

func TestChangeIsTakenBack(t *testing.T) {
	d := withActions(t)
	out, host, err := do(t, d, `{connection: history, exec: "insert into actions values ($1, 'x', $2)", params: [3, "${{ vars.alert }}"], write: true, undo: {exec: delete from actions where id = $1, params: [3]}}`)
	if err != nil {
		t.Fatal(err)
	}
	if out["affected"] != 1 || out["count"] != 0 {
		t.Errorf("outputs are %v", out)
	}
	expectIDs(t, d, "1,2,3")
	if diff := cmp.Diff([]string{"execute in history: delete from actions where id = $1"}, host.Open()); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if err := host.Close(); err != nil {
		t.Fatal(err)
	}
	expectIDs(t, d, "1,2")
}

func TestQueryThatWrites(t *testing.T) {
	d := withActions(t)
	out, host, err := do(t, d, `{connection: history, query: "insert into actions values (3, 'x', 'c'), (4, 'x', 'c') returning id", columns: {id: integer}, write: true, undo: keep}`)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]any{2, 2, map[string]any{"id": 3}}, []any{out["count"], out["affected"], out["first"]}); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if open := host.Open(); len(open) > 0 {
		t.Errorf("kept changes are in the ledger: %q", open)
	}
}

func TestAllOrNothing(t *testing.T) {
	d := withActions(t)
	for _, c := range []struct{ body, want, ids, open string }{
		{
			`{connection: history, exec: [insert into actions values (3), insert into actions values (1)], write: true, undo: {exec: delete from actions where id > 2}}`,
			"history: statement 2: duplicate key value violates unique constraint \"actions_pkey\": Key (id)=(1) already exists (SQLSTATE 23505)", "1,2", "",
		},
		{
			`{connection: history, exec: [insert into actions values (3), insert into actions values (1)], write: true, transaction: false, undo: {exec: delete from actions where id > 2}}`,
			"history: statement 2: duplicate key value violates unique constraint \"actions_pkey\": Key (id)=(1) already exists (SQLSTATE 23505); it is not known how much of the change was made", "1,2,3",
			"execute in history: delete from actions where id > 2",
		},
		{
			`{connection: history, exec: [insert into actions values (4), commit], write: true, undo: {exec: delete from actions where id > 2}}`,
			"history: the statements ended the transaction that they are in; leave out begin, commit and rollback, or write transaction: false; it is not known how much of the change was made", "1,2,4",
			"execute in history: delete from actions where id > 2",
		},
		{`{connection: history, exec: vacuum actions, write: true, undo: keep}`, "history: VACUUM cannot run inside a transaction block (SQLSTATE 25001)", "1,2", ""},
		{`{connection: history, exec: vacuum actions, write: true, transaction: false, undo: keep}`, "", "1,2", ""},
		{`{connection: history, exec: insert into nowhere values (1), write: true, undo: {exec: select 1}}`, `history: relation "nowhere" does not exist (SQLSTATE 42P01)`, "1,2", ""},
	} {
		_, host, err := do(t, d, c.body)
		verdict := step.Errored
		if c.want == "" {
			verdict = step.Passed
		}
		expect(t, err, verdict, c.want)
		expectIDs(t, d, c.ids)
		if open := strings.Join(host.Open(), "; "); open != c.open {
			t.Errorf("%s: the ledger has %q, want %q", c.body, open, c.open)
		}
		if err := host.Close(); err != nil {
			t.Error(err)
		}
		expectIDs(t, d, "1,2")
	}
}

// folder makes the present folder one that holds a file, as that of a scenario is, and returns its path.
func folder(t *testing.T, name, content string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	return dir
}

func TestFile(t *testing.T) {
	d := withActions(t)
	env := project(d)
	u, _ := use(t, env, sql.New(env), nil)
	script := "-- two statements; in one file\ninsert into actions values (3, 'semicolon;', $$a;b$$);\nupdate actions set alert = 'z';\n"
	u.Run.Scenario.Dir = folder(t, "change.sql", script)
	out, err := u.Do(t.Context(), t, "{connection: history, file: change.sql, write: true, undo: keep}")
	if err != nil {
		t.Fatal(err)
	}
	if out["affected"] != 4 {
		t.Errorf("affected is %v, want 4", out["affected"])
	}
	expectIDs(t, d, "1,2,3")
	u.Run.Scope["vars"] = map[string]any{"file": "none.sql"}
	_, err = u.Do(t.Context(), t, `{connection: history, file: "${{ vars.file }}", write: true, undo: keep}`)
	expect(t, err, step.Errored, "file: openat none.sql: no such file or directory")
}

// TestUndoByAnotherProcess carries out what the ledger says as cleanup does: with the data alone and a new Env.
func TestUndoByAnotherProcess(t *testing.T) {
	d := withActions(t)
	env := project(d)
	recorder := &recorder{Host: steptest.NewHost(t, sql.Undos(env)...)}
	u, _ := use(t, env, sql.New(env), nil)
	u.Run.Host, u.Run.Scope = recorder, eval.Scope{"secrets": map[string]any{"password": part.Password}}
	_, err := u.Do(t.Context(), t, `{connection: history, exec: "insert into actions values (3)", write: true, undo: {exec: "delete from actions where id = $1 and $2::interval > '1s' and $3::float8 > 1", params: [3, "${{ duration('2s') }}", 1.5]}}`)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(recorder.data), part.Password) {
		t.Errorf("the ledger holds the password: %s", recorder.data)
	}
	undo := sql.Undos(elsewhere(part.Password))[0]
	if got, want := undo.Describe(recorder.data), "execute in history: delete from actions where id = $1 and $2::interval > '1s' and $3::float8 > 1"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for range 2 { // twice is like once
		if err := undo.Start(t.Context(), recorder.data); err != nil {
			t.Fatal(err)
		}
	}
	expectIDs(t, d, "1,2")
	expect(t, sql.Undos(elsewhere(""))[0].Start(t.Context(), recorder.data), step.Errored, "password of history: the environment variable HISTORY_PASSWORD is not set")
	expect(t, sql.Undos(elsewhere("wrong"))[0].Start(t.Context(), recorder.data), step.Errored, `history: the server does not accept the password of user "qa"`)
}

// elsewhere is what another process knows that was started outside of the project: nothing but a password.
func elsewhere(password string) *kube.Env {
	return kube.NewEnv(kube.Options{Settings: settings.Settings{LookupEnv: func(name string) (string, bool) {
		return password, name == "HISTORY_PASSWORD" && password != ""
	}}})
}

// TestUndoGoesNowhereElse changes what a secret address stands for after the change.
func TestUndoGoesNowhereElse(t *testing.T) {
	d, other := withActions(t), server.NewDatabase(t)
	url := d.URL()
	env := kube.NewEnv(kube.Options{Settings: settings.Settings{
		Connections: map[string]settings.Connection{"history": {Name: "history", Type: "postgres", URLFrom: settings.Value{Env: "URL"}, Password: settings.Value{Env: "PASSWORD"}}},
		LookupEnv: func(name string) (string, bool) {
			return map[string]string{"URL": url, "PASSWORD": part.Password}[name], true
		},
	}})
	recorder := &recorder{Host: steptest.NewHost(t, sql.Undos(env)...)}
	u, _ := use(t, env, sql.New(env), nil)
	u.Run.Host = recorder
	if _, err := u.Do(t.Context(), t, `{connection: history, exec: insert into actions values (3), write: true, undo: {exec: delete from actions}}`); err != nil {
		t.Fatal(err)
	}
	url = other.URL()
	expect(t, sql.Undos(env)[0].Start(t.Context(), recorder.data), step.Errored,
		`connection "history" means `+address(other)+` now and meant `+address(d)+` when the change was made; take the change back there by hand, or correct its address`)
}

func TestUndoOfAnInlineConnection(t *testing.T) {
	d := withActions(t)
	env := project(d)
	recorder := &recorder{Host: steptest.NewHost(t, sql.Undos(env)...)}
	u, _ := use(t, env, sql.New(env), map[string]any{"url": d.URL(), "secret": "postgres://qa:hidden-word@127.0.0.1:1/x"})
	u.Run.Host = recorder
	if _, err := u.Do(t.Context(), t, `{connection: {url: "${{ vars.url }}", passwordFrom: {env: HISTORY_PASSWORD}}, exec: insert into actions values (3), write: true, undo: {exec: delete from actions where id = 3}}`); err != nil {
		t.Fatal(err)
	}
	undo := sql.Undos(elsewhere(part.Password))[0]
	if got, want := undo.Describe(recorder.data), "execute in "+address(d)+": delete from actions where id = 3"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if err := undo.Start(t.Context(), recorder.data); err != nil {
		t.Fatal(err)
	}
	expectIDs(t, d, "1,2")
}

func address(d *part.Database) string {
	return strings.TrimPrefix(d.URL(), "postgres://"+part.User+"@")
}

// recorder keeps what is written to the ledger.
type recorder struct {
	*steptest.Host
	data json.RawMessage
}

// Record keeps the data; nothing is undone at the end of the test.
func (r *recorder) Record(_ context.Context, _ string, data any) (step.Entry, error) {
	var err error
	r.data, err = json.Marshal(data)
	return r, err
}

// Undo does nothing.
func (*recorder) Undo(context.Context) error { return nil }

// Forget forgets the data.
func (r *recorder) Forget(context.Context) error {
	r.data = nil
	return nil
}
