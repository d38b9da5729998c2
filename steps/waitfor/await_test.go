package waitfor

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/engine/steptest"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/explain"
	"github.com/scenario-runner/scenario-runner/steps/kube/ready"
	"github.com/scenario-runner/scenario-runner/steps/observe"
)

// script is a source whose looks come at given times after the start.
type script struct {
	looks   []moment
	now     any // what a fresh read gives
	finding *explain.Finding
	found   time.Duration // when finding is seen
	blind   bool          // the watch is interrupted at the end
}

type moment struct {
	at   time.Duration
	look observe.Look
}

func (s *script) Once(context.Context) (observe.Look, error) {
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

func (s *script) Hopeless(ctx context.Context, tolerate []ready.Reason) (*explain.Finding, error) {
	select {
	case <-ctx.Done():
		return nil, nil
	case <-time.After(s.found):
	}
	return s.finding, nil
}

func seen(phase string) observe.Look { return observe.Look{Value: map[string]any{"phase": phase}} }

// await runs a wait for `object.phase == "good"` on a scripted source and returns how long it took.
func await(t *testing.T, s *script, change func(*Config)) (time.Duration, error) {
	t.Helper()
	program, problem := eval.NewEnv().With("object", eval.AnyType).Compile(`object.phase == "good"`, eval.Bool)
	if problem != nil {
		t.Fatal(problem)
	}
	c := &Config{Source: observe.Source{Object: &kube.Ref{Kind: "pod", Name: "one"}}}
	c.Until.SetProgram(program)
	if change != nil {
		change(c)
	}
	run := &step.Run{Host: steptest.NewHost(t)}
	limit := limitOf(run, c)
	ctx, cancel := context.WithTimeoutCause(t.Context(), limit, errTimeout)
	defer cancel()
	start := time.Now()
	_, err := newWait(run, c, limit).await(t.Context(), ctx, observe.NewSubject("pod/one", c.Traits(), s))
	return time.Since(start), err
}

func TestAGapStartsHoldsForAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gap := seen("good")
		gap.Missed = true
		s := &script{looks: []moment{{0, seen("good")}, {6 * time.Second, gap}, {9 * time.Second, seen("good")}}}
		took, err := await(t, s, func(c *Config) { c.HoldsFor = 10 * time.Second })
		if err != nil {
			t.Fatal(err)
		}
		if took != 16*time.Second {
			t.Errorf("took %s, want 10s after the gap at 6s", took)
		}
	})
}

func TestAnInterruptionAtTheEndOfHoldsForIsInconclusive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{blind: true, looks: []moment{{0, seen("good")}}}
		_, err := await(t, s, func(c *Config) { c.HoldsFor = 10 * time.Second })
		const want = "the condition was true at every look for 10s, but the watch was interrupted at the end and it is not known what happened meanwhile"
		if err == nil || step.VerdictOf(err) != step.Inconclusive || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	})
}

func TestHoldsForCountsFromTheLastChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{looks: []moment{{0, seen("good")}, {9 * time.Second, seen("bad")}, {10 * time.Second, seen("good")}}}
		took, err := await(t, s, func(c *Config) { c.HoldsFor = 10 * time.Second })
		if err != nil || took != 20*time.Second {
			t.Errorf("took %s, %v; want 20s", took, err)
		}
	})
}

// A state from a store may be older than what an earlier step caused.
func TestAStoredStateDoesNotDecide(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stale := seen("good")
		stale.Stored = true
		s := &script{now: map[string]any{"phase": "bad"}, looks: []moment{{0, stale}, {3 * time.Second, seen("good")}}}
		took, err := await(t, s, nil)
		if err != nil || took != 3*time.Second {
			t.Errorf("took %s, %v; want 3s", took, err)
		}
		s.now = map[string]any{"phase": "good"}
		if took, err = await(t, s, nil); err != nil || took != 0 {
			t.Errorf("took %s, %v; want no time", took, err)
		}
	})
}

func TestNothingWasSeenIsErrored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		took, err := await(t, &script{}, nil)
		const want = "timed out after 5m before pod/one could be looked at even once"
		if got := failure(t, err, step.Errored).Error(); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		if took != 5*time.Minute {
			t.Errorf("took %s", took)
		}
	})
}

func TestGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{looks: []moment{{0, seen("bad")}}, found: 4 * time.Second}
		s.finding = &explain.Finding{Reason: ready.JobFailed, Object: "Job one", Text: "BackoffLimitExceeded"}
		took, err := await(t, s, nil)
		const want = `waiting until object.phase == "good" can't succeed any more: Job one: BackoffLimitExceeded`
		if got := failure(t, err, step.Failed).Error(); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		if took != 4*time.Second+settle {
			t.Errorf("took %s", took)
		}
		s.looks = append(s.looks, moment{4*time.Second + settle/2, seen("good")})
		if _, err = await(t, s, nil); err != nil {
			t.Errorf("the same change met the condition: %v", err)
		}
	})
}

func TestTheTimeOfOthersIsNotOurs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &Config{Source: observe.Source{Object: &kube.Ref{Kind: "pod", Name: "one"}}, Absent: true}
		run := &step.Run{Host: steptest.NewHost(t), Timeout: time.Minute}
		ctx, cancel := context.WithTimeout(t.Context(), 7*time.Second)
		defer cancel()
		there := observe.Look{Value: map[string]any{}, Objects: []*unstructured.Unstructured{{}}}
		s := &script{looks: []moment{{0, there}}}
		_, err := newWait(run, c, limitOf(run, c)).await(ctx, ctx, observe.NewSubject("pod/one", c.Traits(), s))
		if want := "timed out after 7s waiting until pod/one is gone"; failure(t, err, step.Failed).Error() != want {
			t.Errorf("got  %s\nwant %s", err, want)
		}
	})
}

func TestErrorsOfTheWatchAreErrored(t *testing.T) {
	broken := errors.New("watch pods: forbidden")
	run := &step.Run{Host: steptest.NewHost(t)}
	c := &Config{Source: observe.Source{Object: &kube.Ref{Kind: "pod", Name: "one"}}}
	_, err := newWait(run, c, time.Minute).await(t.Context(), t.Context(), observe.NewSubject("pod/one", c.Traits(), failing{err: broken}))
	if !errors.Is(err, broken) || step.VerdictOf(err) != step.Errored {
		t.Errorf("got %v", err)
	}
}

type failing struct{ err error }

func (f failing) Once(context.Context) (observe.Look, error) { return observe.Look{}, f.err }

func (f failing) Watch(context.Context, bool, func(observe.Look) (bool, error)) error { return f.err }

func (failing) Explain(context.Context, observe.Look) []step.Section { return nil }
