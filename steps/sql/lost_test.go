package sql_test

import (
	"strings"
	"testing"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/step"
	part "github.com/scenario-runner/scenario-runner/internal/testparts/postgres"
)

// restarting stops the real server once a statement sleeps, and starts it again.
func restarting(t testing.TB, d *part.Database) <-chan error {
	done := make(chan error, 1)
	go func() {
		const sleeping = "do $$ begin while not exists (select from pg_stat_activity where wait_event = 'PgSleep') loop perform pg_stat_clear_snapshot(); end loop; end $$"
		err := d.Do(t.Context(), sleeping)
		if err == nil {
			err = server.Down()
		}
		if err == nil {
			err = server.Up(t.Context())
		}
		done <- err
	}()
	return done
}

// TestServerGoesAwayDuringAChange tells changes that were certainly not made from those of which that is not known.
func TestServerGoesAwayDuringAChange(t *testing.T) {
	const went = "history: the server was stopped or restarted while the statement ran"
	for name, c := range map[string]struct{ body, want, open string }{
		"before the commit": {
			`{connection: history, exec: [insert into actions values (3), select pg_sleep(60)], write: true, undo: {exec: delete from actions where id = 3}}`,
			strings.Replace(went, ": the", ": statement 2: the", 1), "",
		},
		"without a transaction": {
			`{connection: history, exec: [insert into actions values (3), select pg_sleep(60)], write: true, transaction: false, undo: {exec: delete from actions where id = 3}}`,
			strings.Replace(went, ": the", ": statement 2: the", 1) + "; it is not known how much of the change was made", "execute in history: delete from actions where id = 3",
		},
		"during the commit": {
			`{connection: history, exec: insert into slow values (1), write: true, undo: {exec: delete from slow}}`,
			went + "; it is not known how much of the change was made", "execute in history: delete from slow",
		},
		"a query that only reads": {`{connection: history, query: "select pg_sleep(case when pg_postmaster_start_time() < 'STARTED' then 60 else 0 end)"}`, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			d := withActions(t)
			d.Exec(t, `create table slow (n int); create function wait() returns trigger language plpgsql as 'begin perform pg_sleep(60); return null; end';
 create constraint trigger late after insert on slow deferrable initially deferred for each row execute function wait()`)
			done := restarting(t, d)
			_, host, err := do(t, d, strings.ReplaceAll(c.body, "STARTED", started(t)))
			if err := <-done; err != nil {
				t.Fatal(err)
			}
			verdict := step.Errored
			if c.want == "" {
				verdict = step.Passed
			}
			expect(t, err, verdict, c.want)
			if open := strings.Join(host.Open(), "; "); open != c.open {
				t.Errorf("the ledger has %q, want %q", open, c.open)
			}
			if err := host.Close(); err != nil {
				t.Error(err)
			}
			expectIDs(t, d, "1,2")
		})
	}
}

// started is a time between the start of the server and its next one.
func started(t testing.TB) string {
	t.Helper()
	return time.Now().UTC().Format("2006-01-02 15:04:05.999999Z07")
}
