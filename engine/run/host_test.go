package run

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/journal"
	"github.com/scenario-runner/scenario-runner/engine/scenario"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

func TestNestedSteps(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		var inside, after string
		look := func(at *string) fake {
			return func(_ context.Context, run *step.Run) (map[string]any, error) {
				*at = stepsSeen(run)
				return nil, nil
			}
		}
		one, two := newStep("one", takes(2*time.Second)), newStep("two", takes(time.Second))
		three := newStep("three", look(&inside), needs(one, two))
		nested := together(one, two, three)
		for _, s := range nested.Steps {
			s.Depth = 1
		}
		b.run(t.Context(), story("x", list(newStep("a", passes), newStep("all", contains(&nested)), newStep("b", look(&after)))))
		expect(t, "steps", b.journal.lines(journal.StepStarted, journal.StepFinished),
			"0s step.started a",
			"0s step.finished a passed",
			"0s step.started all",
			"0s step.started one",
			"0s step.started two",
			"1s step.finished two passed",
			"2s step.finished one passed",
			"2s step.started three",
			"2s step.finished three passed",
			"2s step.finished all passed",
			"2s step.started b",
			"2s step.finished b passed",
		)
		if inside != "a one two" || after != "a all one three two" {
			t.Errorf("steps seen inside: %q, after: %q", inside, after)
		}
		if info := b.journal.one(t, journal.StepStarted, "one").StepInfo; info.Depth != 1 {
			t.Errorf("depth is %d", info.Depth)
		}
	})
}

func TestFailureInsideAContainer(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		deep := list(newStep("tolerated", breaks, continueOnError), newStep("bad", fails), newStep("rest", passes))
		outer := list(newStep("inner", contains(&deep)), newStep("never", passes))
		b.run(t.Context(), story("x", list(newStep("outer", contains(&outer)), newStep("b", passes))))
		expect(t, "results", b.journal.results(),
			"0s step.finished tolerated errored excused | connection refused",
			"0s step.finished bad failed | the answer is 41",
			"0s step.finished rest skipped cause=bad | skipped because of bad",
			"0s step.finished inner failed | step bad failed: the answer is 41",
			"0s step.finished never skipped cause=bad | skipped because of bad",
			"0s step.finished outer failed | step inner failed: step bad failed: the answer is 41",
			"0s step.finished b skipped cause=bad | skipped because of bad",
			"0s scenario.finished x failed cause=bad | outer: step inner failed: step bad failed: the answer is 41",
		)
	})
}

func TestTimeoutOfAContainer(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		nested := list(newStep("slow", takes(time.Hour)), newStep("next", passes))
		b.run(t.Context(), story("x", list(newStep("all", contains(&nested), timeout(time.Minute)), newStep("b", passes))))
		expect(t, "results", b.journal.results(),
			"1m step.finished slow failed | the step around it, all, timed out after 1m; last seen: working",
			"1m step.finished next skipped cause=slow | skipped because of slow",
			"1m step.finished all failed | timed out after 1m; it was running slow",
			"1m step.finished b skipped cause=all | skipped because of all",
			"1m scenario.finished x failed cause=all | all: timed out after 1m; it was running slow",
		)
	})
}

func TestInterruptInsideAContainer(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		nested := list(newStep("slow", takes(time.Hour)))
		b.run(ctx, story("x", list(newStep("all", contains(&nested)))))
		expect(t, "results", b.journal.results(),
			"1s step.finished slow skipped | interrupted",
			"1s step.finished all skipped | interrupted",
			"1s scenario.finished x errored | interrupted",
		)
	})
}

func TestDeafStepInsideAContainer(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		release := make(chan struct{})
		defer close(release)
		nested := list(newStep("deaf", func(context.Context, *step.Run) (map[string]any, error) {
			<-release
			return nil, nil
		}))
		b.run(t.Context(), story("x", list(newStep("all", contains(&nested), timeout(time.Minute)))))
		expect(t, "results", b.journal.results(),
			"1m10s step.finished deaf errored | step deaf (fake) did not stop within 10s after it was told to, and was left alone; it may still be running",
			"1m10s step.finished all failed | timed out after 1m; it was running deaf",
			"1m10s scenario.finished x failed cause=all | all: timed out after 1m; it was running deaf",
		)
	})
}

func TestIterationsSeeTheirOwnSteps(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		item := func(run *step.Run) any { return run.Scope["item"] }
		first := newStep("first", func(ctx context.Context, run *step.Run) (map[string]any, error) {
			pause(ctx, time.Duration(item(run).(int))*time.Second)
			return map[string]any{"item": item(run)}, nil
		})
		second := newStep("second", func(ctx context.Context, run *step.Run) (map[string]any, error) {
			pause(ctx, 10*time.Second)
			got := run.Scope["steps"].(map[string]any)["first"].(map[string]any)["item"]
			if got != item(run) {
				return nil, step.Fail("item %v sees the outputs of item %v", item(run), got)
			}
			return nil, nil
		})
		nested := list(first, second)
		each := func(ctx context.Context, run *step.Run) (map[string]any, error) {
			ended := make(chan error, 3)
			for i := range 3 {
				go func() {
					_, err := run.Host.Execute(ctx, step.Block{Steps: &nested}, step.Execution{Parallel: true, Locals: eval.Scope{"item": i + 1}})
					ended <- err
				}()
			}
			return nil, errors.Join(<-ended, <-ended, <-ended)
		}
		out := b.run(t.Context(), story("x", list(newStep("each", each))))
		if out.Verdict != step.Passed || out.Took != 13*time.Second {
			t.Errorf("outcome is %+v", out)
		}
	})
}

func TestExecuteOfSomethingElse(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		b.run(t.Context(), story("x", list(
			newStep("none", func(ctx context.Context, run *step.Run) (map[string]any, error) {
				_, empty := run.Host.Execute(ctx, step.Block{}, step.Execution{})
				_, none := run.Host.Execute(ctx, step.Block{Steps: &scenario.Block{}}, step.Execution{})
				return nil, errors.Join(empty, none)
			}),
			newStep("odd", func(ctx context.Context, run *step.Run) (map[string]any, error) {
				_, err := run.Host.Execute(ctx, step.Block{Steps: "x"}, step.Execution{})
				return nil, err
			}))))
		expect(t, "steps", b.journal.lines(journal.StepFinished),
			"0s step.finished none passed",
			"0s step.finished odd errored | a block holds a *scenario.Block; found string",
		)
	})
}

// serves starts a service that notes its end.
func serves(b *bench, name string, end func(ctx context.Context) error) fake {
	return func(_ context.Context, run *step.Run) (map[string]any, error) {
		run.Host.Service(name, func(ctx context.Context) error {
			err := end(ctx)
			b.desk.note("stopped %s", name)
			return err
		})
		return nil, nil
	}
}

func untilDone(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}

func TestServicesStopAfterFinallyAndBeforeUndos(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		note := func(context.Context, *step.Run) (map[string]any, error) {
			b.desk.note("finally")
			return nil, nil
		}
		out := b.run(t.Context(), story("x", list(newStep("a", changes("quick", "web", passes)),
			newStep("db", serves(b, "db", untilDone)), newStep("app", serves(b, "app", untilDone))), newStep("f", note)))
		expect(t, "order", b.desk.done, "finally", "stopped app", "stopped db", "start web")
		if out.Verdict != step.Passed {
			t.Errorf("outcome is %+v", out)
		}
	})
}

func TestServiceThatFailsEndsTheScenario(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		crash := func(ctx context.Context) error {
			pause(ctx, 5*time.Second)
			return step.Fail("exit status 1").Explain("log", "out of memory")
		}
		b.run(t.Context(), story("x", list(newStep("db", serves(b, "process", crash)), newStep("wait", takes(time.Hour)), newStep("b", passes)), newStep("f", passes)))
		expect(t, "results", b.journal.lines(journal.StepFinished, journal.ScenarioFinished, journal.Logged),
			"0s step.finished db passed",
			"5s log db | service process of step db ended: exit status 1",
			"5s step.finished wait skipped cause=db | cancelled: service process of step db ended: exit status 1",
			"5s step.finished b skipped cause=db | skipped because of db",
			"5s step.finished f passed",
			"5s scenario.finished x errored cause=db | service process of step db ended: exit status 1",
		)
		if sections := b.journal.one(t, journal.ScenarioFinished, "x").Result.Sections; len(sections) != 1 {
			t.Errorf("sections are %v", sections)
		}
	})
}

func TestServiceThatPanicsOrEndsBadly(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		bad := func(ctx context.Context) error {
			<-ctx.Done()
			panic("closed twice")
		}
		release := make(chan struct{})
		defer close(release)
		deaf := func(context.Context) error { <-release; return nil }
		b.run(t.Context(), story("x", list(newStep("a", serves(b, "bad", bad)))), story("y", list(newStep("a", serves(b, "deaf", deaf)))))
		expect(t, "results", b.journal.lines(journal.ScenarioFinished),
			"0s scenario.finished x errored cause=a | service bad of step a ended: panic: closed twice",
			"10s scenario.finished y errored cause=a | service deaf of step a ended: did not stop within 10s after it was told to, and was left alone",
		)
	})
}

func TestServicesKeepTheScopeTheyWereStartedWith(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		seen := make(chan string, 1)
		start := func(_ context.Context, run *step.Run) (map[string]any, error) {
			run.Host.Service("monitor", func(ctx context.Context) error {
				<-ctx.Done()
				seen <- stepsSeen(run)
				return nil
			})
			return nil, nil
		}
		b.run(t.Context(), story("x", list(newStep("a", passes), newStep("m", start), newStep("b", passes), newStep("c", passes))))
		if got := <-seen; got != "a" {
			t.Errorf("the service sees the steps %q", got)
		}
	})
}

func TestProgressAfterTheEndIsNotShown(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		start := func(_ context.Context, run *step.Run) (map[string]any, error) {
			run.Host.Service("s", func(ctx context.Context) error {
				<-ctx.Done()
				run.Progress("still here")
				return nil
			})
			return nil, nil
		}
		b.run(t.Context(), story("x", list(newStep("a", start), newStep("b", passes))))
		expect(t, "progress", b.journal.lines(journal.StepProgress))
	})
}

func TestAttachments(t *testing.T) {
	dir := t.TempDir()
	inTime(t, func(t *testing.T, b *bench) {
		b.options.AttachDir = filepath.Join(dir, "attachments")
		b.options.MaskText = func(s string) string { return strings.ReplaceAll(s, "hunter2", "***") }
		b.run(t.Context(), story("x", list(newStep("a", func(_ context.Context, run *step.Run) (map[string]any, error) {
			run.Host.Attach("pod/web logs.txt", []byte("password hunter2"))
			run.Host.Attach("pod/web logs.txt", []byte("second"))
			run.Host.Attach("../../etc", []byte("third"))
			return nil, step.Fail("no").With("x", 1)
		}))))
		var got []string
		for _, f := range b.journal.one(t, journal.StepFinished, "a").Result.Facts {
			got = append(got, f.Name+" "+f.Value)
		}
		expect(t, "facts", got, "x 1",
			"attachment attachments/sr-x-abcde0/a/-..-etc",
			"attachment attachments/sr-x-abcde0/a/pod-web-logs-2.txt",
			"attachment attachments/sr-x-abcde0/a/pod-web-logs.txt")
		data, err := os.ReadFile(filepath.Join(dir, "attachments/sr-x-abcde0/a/pod-web-logs.txt"))
		if err != nil || string(data) != "password ***" {
			t.Errorf("file holds %q, %v", data, err)
		}
	})
}

func TestAttachmentThatCannotBeWritten(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	inTime(t, func(t *testing.T, b *bench) {
		b.options.AttachDir = file
		out := b.run(t.Context(), story("x", list(newStep("a", func(_ context.Context, run *step.Run) (map[string]any, error) {
			run.Host.Attach("log", []byte("x"))
			return nil, nil
		}))))
		logged := b.journal.lines(journal.Logged)
		if len(logged) != 1 || !strings.HasPrefix(logged[0], `0s log a | "log" could not be attached: `) || out.Verdict != step.Passed {
			t.Errorf("log is %q, outcome %+v", logged, out)
		}
	})
}

func TestSecrets(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "token"), []byte("from-a-file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	inTime(t, func(t *testing.T, b *bench) {
		b.options.LookupEnv = func(name string) (string, bool) { return "value-of-" + name, name == "TOKEN" }
		s := story("x", list(newStep("a", func(_ context.Context, run *step.Run) (map[string]any, error) {
			run.Host.Mask("made-by-a-step")
			return map[string]any{"secrets": run.Scope["secrets"]}, nil
		})))
		s.Secrets = []scenario.Secret{{Name: "env", Env: "TOKEN"}, {Name: "file", File: filepath.Join(dir, "token")}}
		missing := story("y", list(newStep("a", passes)))
		missing.Secrets = []scenario.Secret{{Name: "env", Env: "NOPE"}}
		b.run(t.Context(), s, missing)
		expect(t, "masked", b.journal.secrets, "value-of-TOKEN", "from-a-file", "made-by-a-step")
		got := b.journal.one(t, journal.StepFinished, "a").Result.Outputs["secrets"].(map[string]any)
		if got["env"] != "value-of-TOKEN" || got["file"] != "from-a-file" {
			t.Errorf("secrets are %v", got)
		}
		expect(t, "missing", b.journal.lines(journal.ScenarioFinished)[1:],
			"0s scenario.finished y errored | secrets.env: the environment variable NOPE is not set; set it before the run")
	})
}
