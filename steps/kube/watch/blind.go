package watch

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/scenario-runner/scenario-runner/steps/kube/client"
)

// ErrEnough is what the cause wraps when a caller ends its own wait because it has seen enough. Only then is it asked
// whether the watch could see until the end: a timeout and an interrupt claim nothing.
var ErrEnough = errors.New("enough was seen")

// ErrBlind says that a wait for every event ended while its watch was interrupted, so that it is not known what happened
// at its end.
var ErrBlind = errors.New("the watch was interrupted at the end and it is not known what happened meanwhile")

// backlog is how long a watch that is there again gets to tell what happened meanwhile. Servers do so at once.
const backlog = 250 * time.Millisecond

// turn notes whether the stream sees what happens.
func (s *stream) turn(live bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.live != live {
		s.live = live
		s.trouble = nil
		close(s.turned)
		s.turned = make(chan struct{})
	}
}

// concluded returns why a wait is over. One that wanted every event and has seen enough must not end while nothing can be
// seen.
func (s *stream) concluded(ctx context.Context, sub *subscription) error {
	cause := context.Cause(ctx)
	if silent := s.silence(ctx); silent != nil {
		return silent
	}
	if !sub.query.EveryEvent || !errors.Is(cause, ErrEnough) {
		return cause
	}
	s.mu.Lock()
	live := s.live
	s.mu.Unlock()
	if live || s.recovers(sub) {
		return cause
	}
	return fmt.Errorf("%w: %w", cause, ErrBlind)
}

// silence returns why nothing could be seen at the end of a wait that ran out of time, nil when the watch could see.
func (s *stream) silence(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.live || s.trouble == nil || !errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return nil
	}
	return &client.Silent{Ended: context.Cause(ctx), Attempts: s.trouble.Attempts, Last: s.trouble.Last}
}

// recovers reports whether the watch comes back in time with nothing to tell.
func (s *stream) recovers(sub *subscription) bool {
	limit := time.NewTimer(s.hub.options.Recovery)
	defer limit.Stop()
	for {
		s.mu.Lock()
		live, turned := s.live, s.turned
		s.mu.Unlock()
		if live {
			break
		}
		select {
		case <-turned:
		case <-limit.C:
			return false
		case <-s.life.Done():
			return false
		}
	}
	late := time.NewTimer(backlog)
	defer late.Stop()
	<-late.C
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.live && len(sub.pending) == 0
}
