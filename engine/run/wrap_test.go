package run

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/journal"
	"github.com/scenario-runner/scenario-runner/engine/scenario"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

// untilStopped waits for the end of its context and returns err then.
func untilStopped(err func(ctx context.Context) error) fake {
	return func(ctx context.Context, run *step.Run) (map[string]any, error) {
		run.Progress("2 of 3 ready")
		<-ctx.Done()
		return map[string]any{"ready": 2}, err(ctx)
	}
}

func TestTimeout(t *testing.T) {
	own := func(context.Context) error { return step.Fail("web has 2 of 3 replicas").With("ready", 2) }
	tests := []struct {
		name string
		step *scenario.Step
		want string
	}{
		{
			"says what was seen last", newStep("a", untilStopped(context.Context.Err), timeout(2*time.Minute)),
			"2m step.finished a failed | timed out after 2m; last seen: 2 of 3 ready",
		},
		{
			"nothing was seen", newStep("a", func(ctx context.Context, _ *step.Run) (map[string]any, error) {
				<-ctx.Done()
				return nil, ctx.Err()
			}, timeout(90*time.Second)),
			"1m30s step.finished a failed | timed out after 1m30s",
		},
		{
			"another error is named", newStep("a", untilStopped(func(context.Context) error { return errors.New("connection refused") }), timeout(time.Hour)),
			"1h step.finished a failed | timed out after 1h; last seen: 2 of 3 ready: connection refused",
		},
		{
			"the step explains itself", newStep("a", untilStopped(own), timeout(time.Second)),
			"1s step.finished a failed | web has 2 of 3 replicas",
		},
		{
			"done at the last moment", newStep("a", untilStopped(func(context.Context) error { return nil }), timeout(time.Second)),
			"1s step.finished a passed",
		},
		{
			"a negative timeout is none", newStep("a", takes(100*time.Hour), timeout(-1)),
			"100h step.finished a passed",
		},
		{
			"the default of the run", newStep("a", takes(100*time.Hour)),
			"30m step.finished a failed | timed out after 30m; last seen: working",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			inTime(t, func(t *testing.T, b *bench) {
				b.options.StepTimeout = 30 * time.Minute
				b.run(t.Context(), story("shop", list(test.step)))
				expect(t, "step", b.journal.lines(journal.StepFinished), test.want)
			})
		})
	}
}

func TestStepsKnowTheirTimeout(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		var got time.Duration
		b.run(t.Context(), story("shop", list(newStep("a", func(_ context.Context, run *step.Run) (map[string]any, error) {
			got = run.Timeout
			return nil, nil
		}, timeout(7*time.Second)))))
		if got != 7*time.Second {
			t.Errorf("timeout is %v", got)
		}
	})
}

func TestOutputsBesideAnErrorAreKept(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		b.run(t.Context(), story("shop", list(newStep("a", untilStopped(context.Context.Err), timeout(time.Second)))))
		if got := b.journal.one(t, journal.StepFinished, "a").Result.Outputs["ready"]; got != 2 {
			t.Errorf("output is %v", got)
		}
	})
}

func TestStepThatDoesNotStopIsLeftAlone(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		release := make(chan struct{})
		defer close(release)
		late := make(chan error, 1)
		deaf := func(ctx context.Context, run *step.Run) (map[string]any, error) {
			<-release
			_, err := run.Record(context.WithoutCancel(ctx), "quick", "x")
			late <- err
			return nil, nil
		}
		b.run(t.Context(), story("shop", list(newStep("deaf", deaf, timeout(time.Minute)), newStep("b", passes)), newStep("f", passes)))
		const message = "step deaf (fake) did not stop within 10s after it was told to, and was left alone; it may still be running"
		expect(t, "results", b.journal.results(),
			"1m10s step.finished deaf errored | "+message,
			"1m10s step.finished b skipped cause=deaf | skipped because of deaf",
			"1m10s step.finished f passed",
			"1m10s scenario.finished shop errored cause=deaf | deaf: "+message,
		)
		release <- struct{}{}
		if err := <-late; err == nil || err.Error() != "the scenario is over: nothing may be started or changed any more" {
			t.Errorf("a late Record gave %v", err)
		}
	})
}

func TestPanic(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		explode := func(_ context.Context, run *step.Run) (map[string]any, error) {
			var pods []string
			return map[string]any{"first": pods[len(run.ID)]}, nil
		}
		out := b.run(t.Context(), story("shop",
			list(newStep("deploy", changes("quick", "web", passes)), newStep("bad", explode)), newStep("f", passes)))
		expect(t, "results", b.journal.results(),
			"0s step.finished deploy passed",
			"0s step.finished bad errored | panic: runtime error: index out of range [3] with length 0",
			"0s step.finished f passed",
			"0s scenario.finished shop errored cause=bad | bad: panic: runtime error: index out of range [3] with length 0",
		)
		expect(t, "undone", b.desk.done, "start web")
		sections := b.journal.one(t, journal.StepFinished, "bad").Result.Sections
		if len(sections) != 1 || sections[0].Title != "stack" || !strings.Contains(strings.Join(sections[0].Lines, "\n"), "wrap_test.go") {
			t.Errorf("sections are %v", sections)
		}
		if strings.Contains(sections[0].Lines[0], "debug.Stack") {
			t.Errorf("the stack starts with the recovery: %v", sections[0].Lines)
		}
		if out.ExitCode != ExitErrored {
			t.Errorf("exit code is %d", out.ExitCode)
		}
	})
}

func TestStepThatEndsItsGoroutine(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		b.run(t.Context(), story("shop", list(newStep("a", func(context.Context, *step.Run) (map[string]any, error) {
			runtime.Goexit()
			return nil, nil
		}))))
		expect(t, "step", b.journal.lines(journal.StepFinished), "0s step.finished a errored | ended its goroutine without returning")
	})
}

// failsTimes fails n times and then passes.
func failsTimes(n int, with error) fake {
	return func(context.Context, *step.Run) (map[string]any, error) {
		if n--; n >= 0 {
			return nil, with
		}
		return nil, nil
	}
}

func retry(r scenario.Retry) set { return func(s *scenario.Step) { s.Retry = &r } }

func TestRetry(t *testing.T) {
	tests := []struct {
		name string
		step *scenario.Step
		want []string
	}{
		{
			"until it passes", newStep("a", failsTimes(3, step.Fail("no answer")), retry(scenario.Retry{Attempts: 5, Delay: 10 * time.Second, Factor: 2, MaxDelay: 15 * time.Second})),
			[]string{
				"0s step.progress a | attempt 1 of 5 failed: no answer; trying again in 10s",
				"10s step.progress a | attempt 2 of 5 failed: no answer; trying again in 15s",
				"25s step.progress a | attempt 3 of 5 failed: no answer; trying again in 15s",
				"40s step.finished a passed",
			},
		},
		{
			"until no attempt is left", newStep("a", failsTimes(3, errors.New("connection refused")), retry(scenario.Retry{Attempts: 2, Delay: time.Second, Factor: 1})),
			[]string{
				"0s step.progress a | attempt 1 of 2 errored: connection refused; trying again in 1s",
				"1s step.finished a errored | connection refused",
			},
		},
		{
			"only what is worth it", newStep("a", failsTimes(3, errors.New("connection refused")), retry(scenario.Retry{Attempts: 3, On: []step.Verdict{step.Failed}})),
			[]string{"0s step.finished a errored | connection refused"},
		},
		{
			"the timeout is that of an attempt", newStep("a", takes(time.Hour), timeout(time.Minute), retry(scenario.Retry{Attempts: 2})),
			[]string{
				"0s step.progress a | working",
				"1m step.progress a | attempt 1 of 2 failed: timed out after 1m; last seen: working; trying again in 0s",
				"1m step.progress a | working",
				"2m step.finished a failed | timed out after 1m; last seen: working",
			},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			inTime(t, func(t *testing.T, b *bench) {
				b.run(t.Context(), story("shop", list(test.step)))
				expect(t, "step", b.journal.lines(journal.StepProgress, journal.StepFinished), test.want...)
				finished := b.journal.one(t, journal.StepFinished, "a")
				if test.name == "until it passes" && (finished.Attempt != 4 || finished.Result.Attempts != 4) {
					t.Errorf("attempts are %d and %d, want 4", finished.Attempt, finished.Result.Attempts)
				}
			})
		})
	}
}

func TestRetryDelayStaysFinite(t *testing.T) {
	r := &scenario.Retry{Factor: 1e9}
	delay := time.Hour
	for range 10 {
		if delay = grown(r, delay); delay <= 0 {
			t.Fatalf("delay is %v", delay)
		}
	}
	if got := grown(&scenario.Retry{}, time.Second); got != time.Second {
		t.Errorf("without a factor the delay is %v", got)
	}
}

func TestInterruptDuringARetryKeepsWhatIsKnown(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		b.run(ctx, story("shop", list(newStep("a", fails, retry(scenario.Retry{Attempts: 3, Delay: time.Minute})))))
		expect(t, "results", b.journal.results(),
			"5s step.finished a failed | the answer is 41",
			"5s scenario.finished shop failed cause=a | a: the answer is 41",
		)
	})
}

func TestLength(t *testing.T) {
	for want, d := range map[string]time.Duration{
		"0s": 0, "2m": 2 * time.Minute, "1h": time.Hour, "1h0m5s": time.Hour + 5*time.Second, "10m": 10 * time.Minute,
		"1m30s": 90 * time.Second, "20s": 20 * time.Second, "300ms": 300 * time.Millisecond, "1.235s": 1234567890, "1h10m": 70 * time.Minute,
	} {
		if got := length(d); got != want {
			t.Errorf("length(%v) = %q, want %q", d, got, want)
		}
	}
}

func TestSupervisorEndsEarlyWhenAborted(t *testing.T) {
	inTime(t, func(t *testing.T, _ *bench) {
		release, abort := make(chan struct{}), make(chan struct{})
		defer close(release)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		time.AfterFunc(3*time.Second, func() { close(abort) })
		start := time.Now()
		err := supervisor{abort: abort}.do(ctx, func(context.Context) error { <-release; return nil })
		if took := time.Since(start); took != 4*time.Second {
			t.Errorf("took %v", took)
		}
		if err == nil || err.Error() != "did not stop within 1s after it was told to, and was left alone" {
			t.Errorf("error is %v", err)
		}
	})
}
