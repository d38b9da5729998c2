package assert

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/observe"
)

// errDecided ends the watches when one of them has seen what decides.
var errDecided = errors.New("decided")

// seat is one source with its newest look.
type seat struct {
	name    string
	subject *observe.Subject
	look    observe.Look
	seen    bool
	history observe.History
}

// take takes a look over.
func (s *seat) take(l observe.Look) {
	s.look, s.seen = l, true
	s.history.Add(l)
}

// board holds the newest look of every source while claims are judged.
type board struct {
	c      *Config
	run    *step.Run
	claims []claim
	start  time.Time
	seats  []*seat // sorted by name

	mu      sync.Mutex // guards the seats and what follows
	looks   int
	decided bool
	blind   bool // a watch was interrupted when the time was over
}

// newBoard opens the sources.
func newBoard(ctx context.Context, run *step.Run, env *kube.Env, c *Config) (*board, error) {
	b := &board{c: c, run: run, claims: claimsOf(c), start: time.Now()}
	for _, name := range slices.Sorted(maps.Keys(c.Given)) {
		subject, err := c.Given[name].Open(ctx, run, env)
		if err != nil {
			return b, inSource(name, err)
		}
		b.seats = append(b.seats, &seat{name: name, subject: subject, history: observe.History{Start: b.start}})
	}
	return b, nil
}

// scope returns the names that claims have.
func (b *board) scope() eval.Scope {
	scope := maps.Clone(b.run.Scope)
	if scope == nil {
		scope = eval.Scope{}
	}
	for _, s := range b.seats {
		scope[s.name] = s.look.Value
	}
	return scope
}

// complete reports whether every source was seen.
func (b *board) complete() bool {
	return !slices.ContainsFunc(b.seats, func(s *seat) bool { return !s.seen })
}

// judge evaluates the claims on the newest looks.
func (b *board) judge(after time.Duration) []finding {
	b.looks++
	return judge(b.claims, b.scope(), after)
}

// read reads the chosen sources from where they are, all at once.
func (b *board) read(ctx context.Context, chosen func(*seat) bool) error {
	var reading sync.WaitGroup
	results := make([]error, len(b.seats))
	looks := make([]observe.Look, len(b.seats))
	for i, s := range b.seats {
		if chosen(s) {
			reading.Go(func() { looks[i], results[i] = s.subject.Once(ctx) })
		}
	}
	reading.Wait()
	for i, s := range b.seats {
		if results[i] != nil {
			return inSource(s.name, results[i])
		}
		if chosen(s) {
			s.take(looks[i])
		}
	}
	return nil
}

func stored(s *seat) bool { return s.look.Stored }

// confirm judges again after reading what came from a store: it may be from before what an earlier step caused outside.
func (b *board) confirm(ctx context.Context, findings []finding, after time.Duration) ([]finding, error) {
	if !slices.ContainsFunc(b.seats, stored) {
		return findings, nil
	}
	if err := b.read(ctx, stored); err != nil {
		return nil, err
	}
	return b.judge(after), nil
}

// watch watches every source and calls decide after each look once all have been seen, never twice at once. It returns
// why the watches ended: errDecided, an error of a watch or of decide, or the cause of ctx.
func (b *board) watch(ctx context.Context, every bool, decide func(l observe.Look) (bool, error)) error {
	watched, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var watching sync.WaitGroup
	for _, s := range b.seats {
		watch := s.subject.Watch
		if every {
			watch = s.subject.WatchEvery
		}
		watching.Go(func() {
			err := watch(watched, func(l observe.Look) (bool, error) { return b.turn(s, l, decide) })
			if errors.Is(err, kube.ErrBlind) {
				b.mu.Lock()
				b.blind = true
				b.mu.Unlock()
			}
			if err == nil {
				err = errDecided
			}
			stop(err)
		})
	}
	watching.Wait()
	return context.Cause(watched)
}

// turn is the turn of one source to show its newest look.
func (b *board) turn(s *seat, l observe.Look, decide func(observe.Look) (bool, error)) (bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.decided {
		return true, nil
	}
	s.take(l)
	if !b.complete() {
		return false, nil
	}
	done, err := decide(l)
	b.decided = done || err != nil
	return done, err
}

func (b *board) outputs() Outputs {
	b.mu.Lock()
	defer b.mu.Unlock()
	return Outputs{Claims: len(b.claims), Looks: b.looks, Took: time.Since(b.start)}
}
