package postgres

import (
	"context"
	"time"
)

const (
	// patience is for how long a query that only reads is asked again while a server is restarted or overloaded.
	patience     = 15 * time.Second
	firstPause   = 100 * time.Millisecond
	longestPause = time.Second
)

// Ask connects, reads and disconnects. What ended for a passing reason is asked again for a while, and notice is called
// each time; nothing is repeated to a server that never answered.
func Ask(ctx context.Context, t Target, options Options, s Statement, columns Columns, notice func(error)) (Result, error) {
	options.Write = false
	began, pause, reached := time.Now(), firstPause, false
	for {
		result, connected, err := askOnce(ctx, t, options, s, columns)
		reached = reached || connected || Transient(err)
		again := Transient(err) || reached && Refused(err)
		if err == nil || !again || time.Since(began)+pause > patience {
			return result, err
		}
		notice(err)
		if wait(ctx, pause) != nil {
			return result, context.Cause(ctx)
		}
		pause = min(2*pause, longestPause)
	}
}

func askOnce(ctx context.Context, t Target, options Options, s Statement, columns Columns) (result Result, connected bool, err error) {
	c, err := Connect(ctx, t, options)
	if err != nil {
		return Result{}, false, err
	}
	defer c.Close(ctx)
	result, err = c.Query(ctx, s, columns)
	return result, true, err
}

// wait waits unless ctx ends first.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
