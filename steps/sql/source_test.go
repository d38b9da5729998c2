package sql_test

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/engine/steptest"
	part "github.com/scenario-runner/scenario-runner/internal/testparts/postgres"
	"github.com/scenario-runner/scenario-runner/steps/assert"
	"github.com/scenario-runner/scenario-runner/steps/waitfor"
)

func waitFor(ctx context.Context, t testing.TB, d *part.Database, host *steptest.Host, body string) (map[string]any, error) {
	t.Helper()
	env := project(d)
	u, own := use(t, env, waitfor.New(env), map[string]any{"url": d.URL()})
	if host == nil {
		host = own
	}
	u.Run.Host = host
	return u.Do(ctx, t, body)
}

func claim(t testing.TB, d *part.Database, body string) error {
	t.Helper()
	env := project(d)
	u, _ := use(t, env, assert.New(env), nil)
	_, err := u.Do(t.Context(), t, body)
	return err
}

// TestWaitForRows inserts a row as soon as the wait has looked once.
func TestWaitForRows(t *testing.T) {
	for pace, text := range map[string]string{"listen: actions": "after each notification of actions", "every: 20ms": "every 20ms", "listen: actions, every: 1h": "after each notification of actions and every 1h"} {
		t.Run(pace, func(t *testing.T) {
			d := withActions(t)
			host := steptest.NewHost(t)
			var first string
			host.OnProgress = func(text string) {
				if first == "" {
					first = text
					d.Exec(t, "insert into actions values (3, 'scale_deployment', 'c'); notify actions")
				}
			}
			out, err := waitFor(t.Context(), t, d, host, `{sql: {connection: history, query: "select id, action_type from actions where id > $1 order by id", params: [1], columns: {id: integer, action_type: text}, `+pace+`},
 where: item.action_type startsWith "scale", until: count == 1, capture: {id: match.id}, timeout: 20s}`)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]any{map[string]any{"id": 3}, 1, 2}, []any{out["captured"], out["count"], out["looks"]}); pace != "every: 20ms" && diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
			want := `rows of select id, action_type from actions where id > $1 order by i… (history): 1, (id 2, action_type "increase_resources"), looked at ` + text
			if first != want {
				t.Errorf("got  %s\nwant %s", first, want)
			}
		})
	}
}

// normal replaces what differs from run to run.
func normal(text string) string {
	text = regexp.MustCompile(`127\.0\.0\.1:\d+`).ReplaceAllString(text, "ADDRESS")
	return regexp.MustCompile(`\d+(\.\d+)?(ms|s)\b`).ReplaceAllString(text, "TIME")
}

func TestTimeoutShowsTheRows(t *testing.T) {
	d := withActions(t)
	_, err := waitFor(t.Context(), t, d, nil, `{sql: {connection: history, query: select id from actions order by id, every: 20ms}, until: len(rows) > 2, timeout: 200ms}`)
	expect(t, err, step.Failed, "timed out after 200ms waiting until len(rows) > 2")
	f, ok := errors.AsType[*step.Failure](err)
	if !ok {
		t.Fatal(err)
	}
	if f.Facts[0] != (step.Fact{Name: "len(rows)", Value: "2"}) {
		t.Errorf("facts are %v", f.Facts)
	}
	last := f.Sections[len(f.Sections)-1]
	if diff := cmp.Diff(step.Section{Title: "rows of select id from actions order by id (history)", Lines: []string{"(id 1)", "(id 2)"}}, last); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	_, err = waitFor(t.Context(), t, d, nil, `{sql: {connection: history, query: select id from actions, every: 20ms}, until: "rows[0].idd == 1", timeout: 100ms}`)
	expect(t, err, step.Failed, `timed out after 100ms waiting until rows[0].idd == 1: rows[0] has no field "idd"; did you mean "id"?`)
}

func TestWhatWaitingDoesNotHeal(t *testing.T) {
	d := withActions(t)
	for body, want := range map[string]string{
		`{sql: {connection: history, query: select * from nowhere}}`:                                       `history: relation "nowhere" does not exist (SQLSTATE 42P01)`,
		`{sql: {connection: history, query: select id from actions where false, columns: {idd: integer}}}`: `history: the query gives no column "idd"; it gives id; did you mean "id"?`,
		`{sql: {connection: {url: "${{ vars.url }}", password: wrong-word}, query: select 1}}`:             "ADDRESS/" + d.Name + `: the server does not accept the password of user "qa"`,
		`{sql: {connection: history, query: "select generate_series(1, 20000)"}}`:                          "history: the query gives more than 10000 rows; let the database count and choose: count(*), where, limit, or fewer columns",
		`{sql: {connection: history, query: delete from actions}}`:                                         "history: cannot execute DELETE in a read-only transaction; only the step sql changes a database, and only with write: true",
	} {
		_, err := waitFor(t.Context(), t, d, nil, body)
		if err == nil || normal(err.Error()) != want || step.VerdictOf(err) != step.Errored {
			t.Errorf("got  %v (%s)\nwant %s", err, step.VerdictOf(err), want)
		}
	}
}

func TestNobodyIsThere(t *testing.T) {
	d := withActions(t)
	_, err := waitFor(t.Context(), t, d, nil, `{sql: {connection: {url: "postgres://qa@127.0.0.1:1/x"}, query: select 1 as n}, timeout: 200ms}`)
	expect(t, err, step.Errored, "timed out after 200ms before rows of select 1 as n (127.0.0.1:1/x) could be looked at even once: 127.0.0.1:1/x: connection refused: nothing listens on 127.0.0.1:1")
	ctx, cancel := context.WithCancel(t.Context())
	host := steptest.NewHost(t)
	host.OnProgress = func(string) { cancel() }
	_, err = waitFor(ctx, t, d, host, `{sql: {connection: {url: "postgres://qa@127.0.0.1:1/x"}, query: select 1 as n}}`)
	if !errors.Is(err, context.Canceled) || step.VerdictOf(err) != step.Errored {
		t.Errorf("got %v", err)
	}
	if diff := cmp.Diff([]string{"127.0.0.1:1/x: connection refused: nothing listens on 127.0.0.1:1; trying again"}, host.Seen()); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	err = claim(t, d, `{given: {r: {sql: {connection: {url: "postgres://qa@127.0.0.1:1/x"}, query: select 1 as n}}}, that: len(r) == 1}`)
	expect(t, err, step.Errored, "given.r: 127.0.0.1:1/x: connection refused: nothing listens on 127.0.0.1:1")
}

// TestServerGoesAwayDuringAWait stops the real server, for good or for a moment, while the step waits.
func TestServerGoesAwayDuringAWait(t *testing.T) {
	d := withActions(t)
	body := `{sql: {connection: history, query: select id from actions where id > 2, listen: actions}, timeout: %s}`
	away := func() *steptest.Host {
		host := steptest.NewHost(t)
		stopped := false
		host.OnProgress = func(string) {
			if !stopped {
				stopped = true
				if err := server.Down(); err != nil {
					t.Error(err)
				}
			}
		}
		return host
	}
	_, err := waitFor(t.Context(), t, d, away(), fmt.Sprintf(body, "1s"))
	if err := server.Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, want := normal(fmt.Sprint(err)), "nobody answered for the last TIME: history: connection refused: nothing listens on ADDRESS"; got != want || step.VerdictOf(err) != step.Errored {
		t.Errorf("got  %s (%s)\nwant %s", got, step.VerdictOf(err), want)
	}
	if f, ok := errors.AsType[*step.Failure](err); !ok || len(f.Facts) != 1 || f.Facts[0].Value != "rows of select id from actions where id > 2 (history): none, looked at after each notification of actions" {
		t.Errorf("got %+v", f)
	}

	host := steptest.NewHost(t)
	first := true
	back := make(chan error, 1)
	host.OnProgress = func(string) {
		if !first {
			return
		}
		first = false
		if err := server.Down(); err != nil {
			t.Error(err)
		}
		go func() {
			err := server.Up(t.Context())
			if err == nil {
				err = d.Do(t.Context(), "insert into actions values (3)")
			}
			back <- err
		}()
	}
	out, err := waitFor(t.Context(), t, d, host, fmt.Sprintf(strings.Replace(body, "listen: actions", "listen: actions, every: 50ms", 1), "30s"))
	if err := errors.Join(err, <-back); err != nil {
		t.Fatal(err)
	}
	if out["count"] != 1 {
		t.Errorf("outputs are %v", out)
	}
}

func TestClaims(t *testing.T) {
	d := withActions(t)
	const given = `{given: {actions: {sql: {connection: history, query: select action_type from actions order by id%s}}}, that: '%s'}`
	for _, c := range []struct {
		columns, that, want string
		verdict             step.Verdict
	}{
		{", columns: {action_type: text}", `count(actions, .action_type == "increase_resources") == 1`, "", step.Passed},
		{"", `count(actions, .action_type == "increase_resources") == 1 and len(actions) == 2`, "", step.Passed},
		{"", `count(actions, .action_type == "restart_pod") == 2`, `count(actions, .action_type == "restart_pod") == 2 is false`, step.Failed},
		{"", `count(actions, .actoin_type == "restart_pod") == 0`, `count(actions, .actoin_type == "restart_pod") == 0: item has no field "actoin_type"; did you mean "action_type"?`, step.Failed},
		{", columns: {actoin_type: text}", `len(actions) == 2`, `given.actions: history: the query gives no column "actoin_type"; it gives action_type; did you mean "action_type"?`, step.Errored},
	} {
		err := claim(t, d, fmt.Sprintf(given, c.columns, c.that))
		expect(t, err, c.verdict, c.want)
	}
	start := time.Now()
	err := claim(t, d, `{given: {a: {sql: {connection: history, query: select id from actions, every: 10ms}}}, that: len(a) == 2, always: 100ms}`)
	if expect(t, err, step.Passed, ""); time.Since(start) < 100*time.Millisecond {
		t.Error("always has ended early")
	}
	err = claim(t, d, `{given: {a: {sql: {connection: history, query: select id from actions, every: 10ms}}}, that: len(a) == 3, within: 100ms}`)
	expect(t, err, step.Failed, "len(a) == 3 is false and did not become true within 100ms")
}
