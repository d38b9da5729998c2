package run

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/step"
)

// abandoned says that a function did not return although its context was done. It still runs.
type abandoned struct{ after time.Duration }

// Error says how long was waited.
func (a *abandoned) Error() string {
	return fmt.Sprintf("did not stop within %s after it was told to, and was left alone", length(a.after))
}

// supervisor calls foreign code so that it can neither take the run down nor keep it from ending.
type supervisor struct {
	abort <-chan struct{} // closed when the user has no patience left
	busy  func() bool     // reports that the code waits for something that is supervised itself; may be nil
}

type answer struct {
	outputs map[string]any
	err     error
}

// call runs f. When ctx is done f gets some time to return; after that it is abandoned.
func (s supervisor) call(ctx context.Context, f func(context.Context) (map[string]any, error)) (map[string]any, error) {
	done := make(chan answer, 1)
	go protect(ctx, f, done)
	select {
	case a := <-done:
		return a.outputs, a.err
	case <-ctx.Done():
	}
	// Code that was waiting for supervised code gets its own time once that has ended.
	wait, abort, waiting := grace, s.abort, s.waiting()
	timer := time.NewTimer(wait)
	defer timer.Stop()
	for {
		select {
		case a := <-done:
			return a.outputs, a.err
		case <-abort:
			wait, abort = abortGrace, nil
			timer.Reset(wait)
		case <-timer.C:
			before := waiting
			if waiting = s.waiting(); !before && !waiting {
				return nil, &abandoned{after: wait}
			}
			timer.Reset(wait)
		}
	}
}

func (s supervisor) waiting() bool { return s.busy != nil && s.busy() }

// do is call for code without outputs.
func (s supervisor) do(ctx context.Context, f func(context.Context) error) error {
	_, err := s.call(ctx, func(ctx context.Context) (map[string]any, error) { return nil, f(ctx) })
	return err
}

// protect runs f and sends what it gave, also when it panics or ends its goroutine.
func protect(ctx context.Context, f func(context.Context) (map[string]any, error), done chan<- answer) {
	a := answer{err: errors.New("ended its goroutine without returning")}
	returned := false
	defer func() {
		if !returned {
			if r := recover(); r != nil {
				a.err = panicked(r)
			}
		}
		done <- a
	}()
	a.outputs, a.err = f(ctx)
	returned = true
}

// panicked turns a panic into an errored outcome with the stack. It is called while the stack is unwound, so the first
// lines are those of the recovery; they are left out.
func panicked(value any) error {
	f := &step.Failure{Verdict: step.Errored, Message: fmt.Sprintf("panic: %v", value)}
	lines := strings.Split(strings.TrimSpace(string(debug.Stack())), "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, "panic(") && i+2 < len(lines) {
			lines = lines[i+2:]
			break
		}
	}
	for i, line := range lines {
		lines[i] = strings.ReplaceAll(line, "\t", "  ")
	}
	return f.Explain("stack", lines...)
}
