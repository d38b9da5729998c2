package assert

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/engine/steptest"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/observe"
)

// script is a source whose looks come at given times after the start.
type script struct {
	looks []moment
	now   any           // what a fresh read gives
	slow  time.Duration // how long that takes
	blind bool          // the watch is interrupted at the end
}

type moment struct {
	at   time.Duration
	look observe.Look
}

func (s *script) Once(ctx context.Context) (observe.Look, error) {
	select {
	case <-time.After(s.slow):
	case <-ctx.Done():
		return observe.Look{}, context.Cause(ctx)
	}
	return observe.Look{Value: s.now, At: time.Now()}, nil
}

func (s *script) Watch(ctx context.Context, _ bool, f func(observe.Look) (bool, error)) error {
	start := time.Now()
	for _, m := range s.looks {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(m.at - time.Since(start)):
		}
		m.look.At = time.Now()
		if done, err := f(m.look); done || err != nil {
			return err
		}
	}
	<-ctx.Done()
	if s.blind {
		return fmt.Errorf("%w: %w", context.Cause(ctx), kube.ErrBlind)
	}
	return context.Cause(ctx)
}

func (*script) Explain(context.Context, observe.Look) []step.Section { return nil }

func seen(n int) observe.Look { return observe.Look{Value: n} }

// decide judges the claims `a == 1` and, when there is a second source, `b == 1`.
func decide(t *testing.T, c *Config, sources ...*script) (time.Duration, error) {
	t.Helper()
	run := &step.Run{Host: steptest.NewHost(t)}
	b := &board{c: c, run: run, start: time.Now()}
	env := eval.NewEnv().With("a", eval.AnyType).With("b", eval.AnyType)
	c.That = nil
	for i, s := range sources {
		name := string(rune('a' + i))
		program, problem := env.Compile(name+" == 1", eval.Bool)
		if problem != nil {
			t.Fatal(problem)
		}
		var claim eval.Expr[bool]
		claim.SetProgram(program)
		c.That = append(c.That, claim)
		b.seats = append(b.seats, &seat{name: name, subject: observe.NewSubject(name, observe.Traits{}, s)})
	}
	b.claims = claimsOf(c)
	limit := lookTime + c.span()
	if c.Within > 0 {
		limit = c.Within
	}
	ctx, cancel := context.WithTimeoutCause(t.Context(), limit, errTimeout)
	defer cancel()
	err := b.decide(ctx)
	return time.Since(b.start), b.ended(t.Context(), ctx, err)
}

// What happens while a watch is interrupted is not known, so nothing can be said about always.
func TestAGapIsInconclusive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gap := seen(1)
		gap.Missed = true
		_, err := decide(t, &Config{Always: 10 * time.Second}, &script{looks: []moment{{0, seen(1)}, {4 * time.Second, gap}}})
		const want = "the claims held at every look for 10s, but a watch was interrupted 4s after the start and it is not known what happened meanwhile"
		if got := failure(t, err, step.Inconclusive).Error(); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	})
}

func TestAnInterruptionAtTheEndIsInconclusive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, err := decide(t, &Config{Always: 10 * time.Second}, &script{blind: true, looks: []moment{{0, seen(1)}}})
		const want = "the claims held at every look for 10s, but the watch was interrupted at the end and it is not known what happened meanwhile"
		if err == nil || failure(t, err, step.Inconclusive).Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	})
}

func TestAViolationIsCertainInSpiteOfAGap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gap := seen(2)
		gap.Missed = true
		_, err := decide(t, &Config{Always: 10 * time.Second}, &script{looks: []moment{{0, seen(1)}, {4 * time.Second, gap}}})
		if want := "a == 1 is false, 4s into the 10s that were watched"; failure(t, err, step.Failed).Error() != want {
			t.Errorf("got  %s\nwant %s", err, want)
		}
	})
}

// A state from a store may be older than what an earlier step caused.
func TestStoredStatesDoNotDecide(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stale := func(n int) observe.Look { return observe.Look{Value: n, Stored: true} }
		if _, err := decide(t, &Config{Always: 5 * time.Second}, &script{now: 1, looks: []moment{{0, stale(2)}}}); err != nil {
			t.Errorf("always: %v", err)
		}
		took, err := decide(t, &Config{Within: time.Minute}, &script{now: 2, looks: []moment{{0, stale(1)}, {3 * time.Second, seen(1)}}})
		if err != nil || took != 3*time.Second {
			t.Errorf("within: took %s, %v; want 3s", took, err)
		}
	})
}

// A server in trouble may need longer to confirm a violation than the claims have to hold.
func TestAViolationIsOneHoweverLongItsConfirmationTakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first := observe.Look{Value: 2, Stored: true}
		_, err := decide(t, &Config{Always: 5 * time.Second}, &script{now: 2, slow: 8 * time.Second, looks: []moment{{0, first}}})
		if want := "a == 1 is false, 8s into the 5s that were watched"; err == nil || failure(t, err, step.Failed).Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
		if _, err := decide(t, &Config{Always: 5 * time.Second}, &script{now: 1, slow: 8 * time.Second, looks: []moment{{0, first}}}); err != nil {
			t.Errorf("what was not confirmed: %v", err)
		}
		_, err = decide(t, &Config{Always: 5 * time.Second}, &script{now: 2, slow: time.Hour, looks: []moment{{0, first}}})
		if err == nil || step.VerdictOf(err) != step.Errored {
			t.Errorf("a confirmation that never comes: %v", err)
		}
	})
}

func TestClaimsMustHoldTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &script{looks: []moment{{0, seen(1)}, {2 * time.Second, seen(2)}, {6 * time.Second, seen(1)}}}
		b := &script{looks: []moment{{0, seen(2)}, {4 * time.Second, seen(1)}}}
		if took, err := decide(t, &Config{Within: time.Minute}, a, b); err != nil || took != 6*time.Second {
			t.Errorf("took %s, %v; want 6s, when both are true for the first time", took, err)
		}
	})
}

func TestASourceThatIsNeverSeenIsErrored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, test := range []struct {
			config Config
			want   string
		}{
			{Config{Within: 10 * time.Second}, "timed out after 10s before b could be looked at"},
			{Config{Always: 10 * time.Second}, "timed out after 1m10s before b could be looked at"},
		} {
			_, err := decide(t, &test.config, &script{looks: []moment{{0, seen(1)}}}, &script{})
			if got := failure(t, err, step.Errored).Error(); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		}
	})
}

func TestAlwaysEndsInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		took, err := decide(t, &Config{Always: 10 * time.Second}, &script{looks: []moment{{0, seen(1)}, {10*time.Second + 1, seen(2)}}})
		if err != nil || took != 10*time.Second {
			t.Errorf("took %s, %v; want 10s", took, err)
		}
	})
}
