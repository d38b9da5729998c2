package observe

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/endpoint"
	"github.com/scenario-runner/scenario-runner/steps/web"
)

// patience is for how long a server that has answered before may be away: it is being restarted, or busy.
const patience = 15 * time.Second

// polled is a feed of a server of metrics or alerts, which is asked again and again.
type polled struct {
	name  string
	every time.Duration
	run   *step.Run
	late  bool // a server that does not answer yet is waited for, too
	ask   func(ctx context.Context) (Look, error)
}

// Once asks until there is an answer. Nothing is repeated to a server that never answers or that refuses the question.
func (f *polled) Once(ctx context.Context) (Look, error) { return f.ask(ctx) }

// Watch asks again and again; each answer is delivered, so every makes no difference.
func (f *polled) Watch(ctx context.Context, _ bool, see func(Look) (bool, error)) error {
	ticker := time.NewTicker(f.every)
	defer ticker.Stop()
	var seen time.Time // when it answered last
	var last string
	if f.late {
		seen = time.Now()
	}
	for {
		l, err := f.ask(ctx)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err == nil:
			seen, last = l.At, l.String()
			if done, err := see(l); done || err != nil {
				return err
			}
		case !passing(err) || seen.IsZero():
			return err
		case time.Since(seen) > patience:
			failure := &step.Failure{
				Verdict: step.Errored, Message: fmt.Sprintf("nobody answered for the last %s: %v", Span(time.Since(seen).Round(100*time.Millisecond)), err),
			}
			if last == "" {
				return failure
			}
			return failure.With("last seen", last)
		default:
			f.run.Progress("%s; asking again", err)
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-ticker.C:
		}
	}
}

// passing reports whether the same question may be answered a little later.
func passing(err error) bool {
	if refused, ok := errors.AsType[*endpoint.StatusError](err); ok {
		return refused.Status == http.StatusTooManyRequests || refused.Status >= http.StatusInternalServerError
	}
	_, lost := errors.AsType[*web.ConnectionError](err)
	return lost
}

// Explain shows the items of a look.
func (f *polled) Explain(_ context.Context, l Look) []step.Section {
	lines, _ := l.evidence.([]string)
	if len(lines) == 0 {
		return nil
	}
	if more := len(lines) - shownRows; more > 0 {
		lines = append(lines[:shownRows:shownRows], fmt.Sprintf("… and %d more", more))
	}
	return []step.Section{{Title: f.name, Lines: lines}}
}

// interval returns how often is asked.
func interval(every time.Duration) time.Duration {
	if every == 0 {
		return usualInterval
	}
	return every
}

func checkEvery(path string, every time.Duration, p *step.Problems) {
	if every != 0 && every < shortestPoll {
		p.At(path+".every", "every: expected %s or more, found %s", Span(shortestPoll), Span(every))
	}
}
