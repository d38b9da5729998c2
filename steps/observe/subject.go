package observe

import (
	"context"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube/explain"
	"github.com/scenario-runner/scenario-runner/steps/kube/ready"
)

// Subject is an opened source.
type Subject struct {
	Traits
	name string
	feed feed
}

// String names the subject for people.
func (s *Subject) String() string { return s.name }

// Once reads the value as it is now, never from a store.
func (s *Subject) Once(ctx context.Context) (Look, error) { return s.feed.once(ctx) }

// Watch calls f with the value at once and after each change, until f is done or fails or ctx ends; then it returns the
// cause of ctx. Changes that come while f works are delivered as one.
func (s *Subject) Watch(ctx context.Context, f func(Look) (done bool, err error)) error {
	return s.feed.watch(ctx, false, f)
}

// WatchEvery is Watch that delivers each state in order, for claims about always and never.
func (s *Subject) WatchEvery(ctx context.Context, f func(Look) (done bool, err error)) error {
	return s.feed.watch(ctx, true, f)
}

// Explain collects evidence about a look that is not what it should be: the owner chain, events, the end of a log, the
// body of an answer.
func (s *Subject) Explain(ctx context.Context, l Look) []step.Section { return s.feed.explain(ctx, l) }

// Hopeless watches until it finds that the subject is in a state which waiting does not cure and that is not tolerated.
// It returns nil when ctx is done first, and at once for a subject that has no such states. Run it beside a wait.
func (s *Subject) Hopeless(ctx context.Context, tolerate []ready.Reason) (*explain.Finding, error) {
	f, ok := s.feed.(interface {
		hopeless(ctx context.Context, tolerate []ready.Reason) (*explain.Finding, error)
	})
	if !ok {
		return nil, nil
	}
	return f.hopeless(ctx, tolerate)
}
