package postgres_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/scenario-runner/scenario-runner/steps/postgres"
)

// TestNotificationsCauseLooks waits for rows without any polling.
func TestNotificationsCauseLooks(t *testing.T) {
	d := server.NewDatabase(t)
	d.Exec(t, "create table changes (n int)")
	f := postgres.Following{
		Target: target(t, connection(d)), Statement: postgres.Statement{SQL: "select n from changes order by n"}, Listen: `Odd "channel`,
	}
	var seen []int
	err := postgres.Follow(t.Context(), f, func(s postgres.Seen) (bool, error) {
		seen = append(seen, len(s.Result.Rows))
		if len(s.Result.Rows) < 3 {
			// Two notifications in one transaction are delivered once; the look that they cause must not be lost although
			// nobody waits for it yet.
			d.Exec(t, `insert into changes values (1); notify "Odd ""channel"`)
		}
		return len(s.Result.Rows) == 3, nil
	}, func(err error) { t.Error(err) })
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int{0, 1, 2, 3}, seen); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

// TestFollowingSurvivesARestart looks again right after the server is back, although no notification comes.
func TestFollowingSurvivesARestart(t *testing.T) {
	d := server.NewDatabase(t)
	d.Exec(t, "create table changes (n int)")
	f := postgres.Following{Target: target(t, connection(d)), Statement: postgres.Statement{SQL: "select n from changes"}, Listen: "changes"}
	var missed []bool
	restart := make(chan error, 1)
	err := postgres.Follow(t.Context(), f, func(s postgres.Seen) (bool, error) {
		missed = append(missed, s.Missed)
		if len(missed) > 1 {
			return true, nil
		}
		go func() {
			err := server.Down()
			if err == nil {
				err = server.Up(t.Context())
			}
			restart <- err
		}()
		return false, nil
	}, func(err error) { t.Log(err) })
	if err := errors.Join(err, <-restart); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]bool{false, true}, missed); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestFollowingEndsWithItsContext(t *testing.T) {
	d := server.NewDatabase(t)
	for name, f := range map[string]postgres.Following{"polling": {Every: time.Hour}, "listening": {Listen: "x"}, "both": {Listen: "x", Every: time.Millisecond}} {
		t.Run(name, func(t *testing.T) {
			f.Target, f.Statement.SQL = target(t, connection(d)), "select 1"
			ctx, cancel := context.WithCancelCause(t.Context())
			looks := 0
			err := postgres.Follow(ctx, f, func(postgres.Seen) (bool, error) {
				if looks++; looks == 1 && name != "both" || looks == 3 {
					cancel(errors.New("enough"))
				}
				return false, nil
			}, func(error) {})
			expect(t, err, "enough")
		})
	}
}

// TestFollowingSaysThatNobodyAnswers tells a server that was never there from one that went away.
func TestFollowingSaysThatNobodyAnswers(t *testing.T) {
	never := postgres.Following{Target: target(t, postgres.Connection{URL: "postgres://qa@127.0.0.1:1/x"}), Statement: postgres.Statement{SQL: "select 1"}, Every: time.Millisecond}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	notices := 0
	err := postgres.Follow(ctx, never, func(postgres.Seen) (bool, error) { return true, nil }, func(error) { notices++ })
	lost, ok := errors.AsType[*postgres.Lost](err)
	if !ok || !lost.Since.IsZero() || !errors.Is(lost.End, context.DeadlineExceeded) || notices != 1 {
		t.Errorf("got %v after %d notices", err, notices)
	}
	expect(t, err, "history: connection refused: nothing listens on 127.0.0.1:1")
}

func TestFollowingEndsOnWhatDoesNotPass(t *testing.T) {
	d := server.NewDatabase(t)
	for sql, want := range map[string]string{
		"select * from nowhere": `history: relation "nowhere" does not exist (SQLSTATE 42P01)`,
		"create table x ()":     "history: cannot execute CREATE TABLE in a read-only transaction; only the step sql changes a database, and only with write: true",
	} {
		f := postgres.Following{Target: target(t, connection(d)), Statement: postgres.Statement{SQL: sql}, Every: time.Millisecond}
		err := postgres.Follow(t.Context(), f, func(postgres.Seen) (bool, error) { return true, nil }, func(err error) { t.Error(err) })
		expect(t, err, want)
	}
	wrong := postgres.Following{Target: target(t, postgres.Connection{URL: d.URL(), Password: "wrong"}), Every: time.Millisecond}
	err := postgres.Follow(t.Context(), wrong, func(postgres.Seen) (bool, error) { return true, nil }, func(err error) { t.Error(err) })
	expect(t, err, `history: the server does not accept the password of user "qa"`)
	f := postgres.Following{Target: target(t, connection(d)), Statement: postgres.Statement{SQL: "select 1"}, Every: time.Millisecond}
	expect(t, postgres.Follow(t.Context(), f, func(postgres.Seen) (bool, error) { return false, errors.New("judged") }, func(error) {}), "judged")
}
