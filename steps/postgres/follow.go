package postgres

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// Following is a query whose rows are looked at again and again.
type Following struct {
	Target    Target
	Options   Options
	Statement Statement
	Columns   Columns
	Every     time.Duration // between two looks; 0 means only after a notification
	Listen    string        // channel whose notifications cause a look, "" for none
}

// Seen is one look at the rows.
type Seen struct {
	Result Result
	At     time.Time
	Missed bool // the connection was interrupted since the look before, so that states may have gone unseen
}

// Lost is the end of a following during which nobody answered at last.
type Lost struct {
	Since time.Time // of the last answer, zero when there never was one
	Err   error     // why nobody answers
	End   error     // why the following ended
}

// Error says why nobody answers.
func (l *Lost) Error() string { return l.Err.Error() }

// Unwrap returns why nobody answers.
func (l *Lost) Unwrap() error { return l.Err }

// Follow calls see with the rows at once and after each notification or pause, until see is done or fails, something is
// wrong that does not pass, or ctx ends; then it returns the cause of ctx, or a *Lost. A connection that is interrupted is
// made again, and the rows are read again at once: a notification may have been missed. notice is called when nobody
// answers, once for each reason in a row.
func Follow(ctx context.Context, f Following, see func(Seen) (done bool, err error), notice func(error)) error {
	f.Options.Write = false
	w := &follower{Following: f, see: see}
	for {
		done, err := w.session(ctx)
		switch {
		case done:
			return err
		case ctx.Err() != nil && w.away == nil:
			return context.Cause(ctx)
		case ctx.Err() == nil && !Away(err):
			return err
		case ctx.Err() == nil:
			if w.away == nil || w.away.Error() != err.Error() {
				notice(err)
			}
			w.away = err
			err = wait(ctx, w.pause())
		}
		if err != nil && ctx.Err() != nil {
			return &Lost{Since: w.last, Err: w.away, End: context.Cause(ctx)}
		}
	}
}

type follower struct {
	Following
	see  func(Seen) (bool, error)
	last time.Time // of the last answer
	away error     // why there is no connection, nil while there is one
	held time.Duration
}

// pause is how long to wait before the next try to connect.
func (w *follower) pause() time.Duration {
	w.held = min(max(2*w.held, firstPause), longestPause)
	return w.held
}

// session looks at the rows for as long as one connection lasts.
func (w *follower) session(ctx context.Context) (done bool, err error) {
	c, err := Connect(ctx, w.Target, w.Options)
	if err != nil {
		return false, err
	}
	defer c.Close(ctx)
	if w.Listen != "" {
		if _, err := c.simple(ctx, "listen "+identifier(w.Listen)); err != nil {
			return false, err
		}
	}
	for {
		c.notified = false
		result, err := c.Query(ctx, w.Statement, w.Columns)
		if err != nil {
			return false, err
		}
		seen := Seen{Result: result, At: time.Now(), Missed: w.away != nil && !w.last.IsZero()}
		w.last, w.away, w.held = seen.At, nil, 0
		if done, err := w.see(seen); done || err != nil {
			return true, err
		}
		if err := w.idle(ctx, c); err != nil {
			return false, err
		}
	}
}

// idle waits for the next reason to look.
func (w *follower) idle(ctx context.Context, c *Conn) error {
	if w.Listen == "" {
		return wait(ctx, w.Every)
	}
	if c.notified {
		return nil
	}
	waiting, cancel := ctx, context.CancelFunc(func() {})
	if w.Every > 0 {
		waiting, cancel = context.WithTimeout(ctx, w.Every)
	}
	defer cancel()
	err := c.pg.WaitForNotification(waiting)
	switch {
	case err == nil || ctx.Err() == nil && pgconn.Timeout(err):
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	}
	return &Error{Target: c.target.Label, Message: "the connection was lost while waiting for a notification", Transient: true, cause: err}
}

// identifier writes a name as the server takes it, whatever is in it.
func identifier(name string) string {
	return fmt.Sprintf(`"%s"`, strings.ReplaceAll(name, `"`, `""`))
}
