package run

import (
	"context"
	"testing"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/journal"
	"github.com/scenario-runner/scenario-runner/engine/scenario"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

func TestStepsRunInTheOrderWritten(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		out := b.run(t.Context(), story("shop", list(
			newStep("a", takes(time.Second)), newStep("b", takes(2*time.Second)), newStep("c", passes))))
		expect(t, "journal", b.journal.lines(),
			"0s run.started",
			"0s scenario.started shop",
			"0s step.started a",
			"0s step.progress a | working",
			"1s step.finished a passed",
			"1s step.started b",
			"1s step.progress b | working",
			"3s step.finished b passed",
			"3s step.started c",
			"3s step.finished c passed",
			"3s scenario.finished shop passed",
			"3s scenario.cleaned shop passed",
			"3s run.finished passed",
		)
		if out.Verdict != step.Passed || out.ExitCode != 0 || out.Took != 3*time.Second || out.Counts[step.Passed] != 1 {
			t.Errorf("outcome is %+v", out)
		}
	})
}

func TestStepsStartInDocumentOrderOnceReady(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		a := newStep("a", takes(2*time.Second))
		z := newStep("z", takes(time.Second))
		b.run(t.Context(), story("shop", together(
			newStep("d", passes, needs(a)), newStep("c", passes, needs(a, z)), a, newStep("b", passes), z)))
		expect(t, "starts", b.journal.lines(journal.StepStarted),
			"0s step.started a", "0s step.started b", "0s step.started z", "2s step.started d", "2s step.started c")
	})
}

func TestFailureSkipsWhatComesAfterWithTheRootCause(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		setup := newStep("setup", fails)
		other := newStep("other", passes, needs())
		other.Needs, other.After = nil, nil
		main := list(setup, newStep("b", passes), newStep("c", passes), newStep("log", passes, always))
		out := b.run(t.Context(), story("shop", main))
		expect(t, "results", b.journal.results(),
			"0s step.finished setup failed | the answer is 41",
			"0s step.finished b skipped cause=setup | skipped because of setup",
			"0s step.finished c skipped cause=setup | skipped because of setup",
			"0s step.finished log passed",
			"0s scenario.finished shop failed cause=setup | setup: the answer is 41",
		)
		if out.ExitCode != ExitFailed || out.Scenarios[0].Message != "setup: the answer is 41" {
			t.Errorf("outcome is %+v", out)
		}
		facts := b.journal.one(t, journal.StepFinished, "setup").Result.Facts
		if len(facts) != 1 || facts[0] != (step.Fact{Name: "answer", Value: "41"}) {
			t.Errorf("facts are %v", facts)
		}
	})
}

func TestNeedsBlockOnlyTheirBranch(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		bad, good := newStep("bad", breaks), newStep("good", passes)
		b.run(t.Context(), story("shop", together(
			bad, good, newStep("left", passes, needs(bad)), newStep("right", passes, needs(good)))))
		expect(t, "results", sorted(b.journal.results()),
			"0s scenario.finished shop errored cause=bad | bad: connection refused",
			"0s step.finished bad errored | connection refused",
			"0s step.finished good passed",
			"0s step.finished left skipped cause=bad | skipped because of bad",
			"0s step.finished right passed",
		)
	})
}

func TestCondition(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		optional := newStep("optional", outputs("url", "x"), condition(t, `steps.a.ready == false`))
		s := story("shop", list(newStep("a", outputs("ready", true)), optional, newStep("next", takes(time.Second)),
			newStep("taken", passes, condition(t, `steps.a.ready`)),
			newStep("user", passes, needs(optional)), newStep("after", passes)))
		b.run(t.Context(), s)
		expect(t, "results", b.journal.results(),
			"0s step.finished a passed",
			"0s step.finished optional skipped | its condition is false: steps.a.ready == false",
			"0s step.finished user skipped cause=optional | needs the outputs of optional, which was skipped",
			"0s step.finished after passed",
			"1s step.finished next passed",
			"1s step.finished taken passed",
			"1s scenario.finished shop passed",
		)
	})
}

func TestConditionThatCannotBeEvaluated(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		b.run(t.Context(), story("shop", together(
			newStep("a", passes, condition(t, `steps.missing.ready`)), newStep("b", passes, condition(t, `vars`)))))
		expect(t, "results", sorted(b.journal.results()),
			"0s scenario.finished shop errored cause=a | a: if: steps has no field \"missing\"; it is empty (where it may be absent write `steps.missing ?? …`)",
			"0s step.finished a errored | if: steps has no field \"missing\"; it is empty (where it may be absent write `steps.missing ?? …`)",
			"0s step.finished b errored | if: vars gave {}; expected true or false",
		)
	})
}

func TestContinueOnError(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		tolerated := newStep("tolerated", fails, continueOnError)
		out := b.run(t.Context(), story("shop", list(tolerated, newStep("b", passes, needs(tolerated)),
			newStep("absent", declines, continueOnError), newStep("d", passes))))
		expect(t, "results", b.journal.results(),
			"0s step.finished tolerated failed excused | the answer is 41",
			"0s step.finished b passed",
			"0s step.finished absent skipped | there is no Litmus here",
			"0s step.finished d passed",
			"0s scenario.finished shop passed",
		)
		if out.ExitCode != 0 {
			t.Errorf("exit code is %d", out.ExitCode)
		}
	})
}

func TestBackground(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		load := newStep("load", takes(10*time.Second), background)
		b.run(t.Context(), story("shop", list(newStep("a", takes(time.Second)), load, newStep("b", takes(time.Second)), newStep("c", passes))))
		expect(t, "journal", b.journal.lines(journal.StepStarted, journal.StepFinished, journal.ScenarioFinished),
			"0s step.started a",
			"1s step.finished a passed",
			"1s step.started load",
			"1s step.started b",
			"2s step.finished b passed",
			"2s step.started c",
			"2s step.finished c passed",
			"11s step.finished load passed",
			"11s scenario.finished shop passed",
		)
	})
}

func TestBackgroundIsCancelledOnceTheScenarioFailed(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		load := newStep("load", takes(time.Hour), background)
		b.run(t.Context(), story("shop", list(load, newStep("b", fails), newStep("c", takes(time.Second), always), newStep("d", passes))))
		expect(t, "results", b.journal.results(),
			"0s step.finished b failed | the answer is 41",
			"1s step.finished c passed",
			"1s step.finished d skipped cause=b | skipped because of b",
			"1s step.finished load skipped cause=b | cancelled because of b",
			"1s scenario.finished shop failed cause=b | b: the answer is 41",
		)
	})
}

func TestBackgroundStepThatNeverStartsHoldsUpItsSuccessor(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		a := newStep("a", fails)
		load := newStep("load", passes, background, needs(a))
		next := newStep("next", passes)
		next.AfterStart = []*scenario.Step{load}
		b.run(t.Context(), story("shop", together(a, load, next)))
		expect(t, "next", b.journal.lines(journal.StepFinished)[1:],
			"0s step.finished load skipped cause=a | skipped because of a",
			"0s step.finished next skipped cause=a | skipped because of a",
		)
	})
}

func TestSkipByTheStepItself(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		out := b.run(t.Context(),
			story("first", list(newStep("requires", declines), newStep("b", passes))),
			story("only", list(newStep("a", passes, condition(t, `false`)), newStep("b", passes, condition(t, `1 > 2`)))),
			story("last", list(newStep("a", passes), newStep("extra", declines))))
		expect(t, "results", b.journal.results(),
			"0s step.finished requires skipped | there is no Litmus here",
			"0s step.finished b skipped cause=requires | skipped because of requires",
			"0s scenario.finished first skipped cause=requires | requires: there is no Litmus here",
			"0s step.finished a skipped | its condition is false: false",
			"0s step.finished b skipped | its condition is false: 1 > 2",
			"0s scenario.finished only skipped cause=a | a: its condition is false: false",
			"0s step.finished a passed",
			"0s step.finished extra skipped | there is no Litmus here",
			"0s scenario.finished last passed",
		)
		if out.Verdict != step.Passed || out.ExitCode != 0 || out.Counts[step.Skipped] != 2 {
			t.Errorf("outcome is %+v", out)
		}
	})
}

func TestCycleDoesNotHang(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		a, c := newStep("a", passes), newStep("c", passes)
		a.After, c.After = []*scenario.Step{c}, []*scenario.Step{a}
		b.run(t.Context(), story("shop", scenario.Block{Steps: []*scenario.Step{a, c}}))
		const message = "never became ready: the steps that it waits for form a cycle"
		expect(t, "results", b.journal.results(),
			"0s step.finished a errored | "+message,
			"0s step.finished c errored | "+message,
			"0s scenario.finished shop errored cause=a | a: "+message,
		)
	})
}

func TestScope(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		b.options.Env = map[string]string{"HOME": "/home/qa"}
		var late *step.Run
		seen := map[string]string{}
		look := func(d time.Duration) fake {
			return func(ctx context.Context, run *step.Run) (map[string]any, error) {
				late = run
				before := stepsSeen(run)
				seen[run.ID] = before
				pause(ctx, d)
				if now := stepsSeen(run); now != before {
					t.Errorf("%s saw steps %q and later %q", run.ID, before, now)
				}
				return map[string]any{"verdict": "Pass"}, nil
			}
		}
		s := story("shop", together(newStep("slow", look(2*time.Second)), newStep("quick", takes(time.Second))))
		s.Steps.Steps = append(s.Steps.Steps, newStep("late", look(0)))
		s.Steps.Steps[2].After = s.Steps.Steps[:2]
		s.Vars = scenario.Vars{{Name: "limit", Value: eval.Plain(3)}, {Name: "double", Value: tree(t, "${{ vars.limit * 2 }}")}}
		s.Labels = map[string]string{"area": "shop"}
		b.run(t.Context(), s)
		if seen["slow"] != "" || seen["late"] != "quick slow" {
			t.Errorf("the steps see %q", seen)
		}
		steps := late.Scope["steps"].(map[string]any)
		quick, slow := steps["quick"].(map[string]any), steps["slow"].(map[string]any)
		if quick["verdict"] != "passed" || quick["took"] != time.Second || quick["done"] != true || slow["verdict"] != "Pass" {
			t.Errorf("steps are %v", steps)
		}
		vars := late.Scope["vars"].(map[string]any)
		if vars["double"] != 6 || late.Scope["env"].(map[string]any)["HOME"] != "/home/qa" {
			t.Errorf("scope is %v", late.Scope)
		}
		about := late.Scope["scenario"].(map[string]any)
		if about["id"] != "sr-shop-abcde0" || about["namespace"] != "sr-shop-abcde0" || about["runId"] != "r-01abcde" ||
			about["labels"].(map[string]any)["area"] != "shop" || about["dir"] != "." || !late.Scenario.Owned {
			t.Errorf("scenario is %v", about)
		}
	})
}

func tree(t *testing.T, text string) eval.Tree {
	t.Helper()
	compiled, problems := environment().CompileText(text)
	if problems != nil {
		t.Fatal(problems)
	}
	return eval.TextTree(compiled)
}

func TestVarsThatCannotBeEvaluated(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		s := story("shop", list(newStep("a", passes)), newStep("f", passes))
		s.Vars = scenario.Vars{{Name: "x", Value: tree(t, "${{ env.NOPE }}")}}
		b.run(t.Context(), s)
		expect(t, "results", b.journal.results(),
			"0s scenario.finished shop errored | vars.x: ${{ env.NOPE }}: env has no field \"NOPE\"; it is empty (where it may be absent write `env.NOPE ?? …`)")
	})
}

func TestClusterAndNamespaceOfAStep(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		var seen []string
		s := newStep("a", func(_ context.Context, run *step.Run) (map[string]any, error) {
			seen = append(seen, run.Cluster, run.Namespace)
			return nil, nil
		})
		s.Cluster, _ = environment().CompileText("${{ vars.where }}")
		s.Namespace, _ = environment().CompileText("ns-${{ scenario.id }}")
		bad := newStep("bad", passes)
		bad.Namespace, _ = environment().CompileText("${{ vars.nope }}")
		shop := story("shop", list(s, bad))
		shop.Vars = scenario.Vars{{Name: "where", Value: eval.Plain("east")}}
		b.run(t.Context(), shop)
		expect(t, "seen", seen, "east", "ns-sr-shop-abcde0")
		expect(t, "bad", b.journal.results()[1:2],
			"0s step.finished bad errored | namespace: ${{ vars.nope }}: vars has no field \"nope\"; it has where (where it may be absent write `vars.nope ?? …`)")
	})
}
