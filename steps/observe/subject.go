package observe

import (
	"context"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube/explain"
	"github.com/scenario-runner/scenario-runner/steps/kube/ready"
)

// Feed is what a kind of source has to offer once it is open.
type Feed interface {
	// Once reads the value as it is now, never from a store.
	Once(ctx context.Context) (Look, error)
	// Watch calls f with the present value and after each change, until f is done or fails or ctx ends; then it returns
	// the cause of ctx. every asks for each state in order instead of the latest one.
	Watch(ctx context.Context, every bool, f func(Look) (done bool, err error)) error
	// Explain collects evidence about a look that is not what it should be.
	Explain(ctx context.Context, l Look) []step.Section
}

// Doomed is a Feed of things that can be in a state which waiting does not cure.
type Doomed interface {
	Feed
	// Hopeless watches until it finds such a state that is not tolerated, or returns nil when ctx is done first.
	Hopeless(ctx context.Context, tolerate []ready.Reason) (*explain.Finding, error)
}

// Subject is an opened source.
type Subject struct {
	Traits
	name string
	feed Feed
}

// NewSubject returns a subject that feed gives the values of.
func NewSubject(name string, traits Traits, feed Feed) *Subject {
	return &Subject{Traits: traits, name: name, feed: feed}
}

// String names the subject for people.
func (s *Subject) String() string { return s.name }

// Once reads the value as it is now, never from a store.
func (s *Subject) Once(ctx context.Context) (Look, error) { return s.feed.Once(ctx) }

// Watch calls f with the value at once and after each change, until f is done or fails or ctx ends; then it returns the
// cause of ctx. Changes that come while f works are delivered as one.
func (s *Subject) Watch(ctx context.Context, f func(Look) (done bool, err error)) error {
	return s.feed.Watch(ctx, false, f)
}

// WatchEvery is Watch that delivers each state in order, for claims about always and never.
func (s *Subject) WatchEvery(ctx context.Context, f func(Look) (done bool, err error)) error {
	return s.feed.Watch(ctx, true, f)
}

// Explain collects evidence about a look that is not what it should be: the owner chain, events, the end of a log, the
// body of an answer.
func (s *Subject) Explain(ctx context.Context, l Look) []step.Section { return s.feed.Explain(ctx, l) }

// Hopeless watches until it finds that the subject is in a state which waiting does not cure and that is not tolerated.
// It returns nil when ctx is done first, and at once for a subject that has no such states. Run it beside a wait.
func (s *Subject) Hopeless(ctx context.Context, tolerate []ready.Reason) (*explain.Finding, error) {
	doomed, ok := s.feed.(Doomed)
	if !ok {
		return nil, nil
	}
	return doomed.Hopeless(ctx, tolerate)
}
