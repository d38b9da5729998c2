package run

import (
	"context"
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/journal"
	"github.com/scenario-runner/scenario-runner/engine/scenario"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

// apart is a step that runs nested steps as those of a template, and gives what they gave.
func apart(nested *scenario.Block, parameters map[string]any) fake {
	return func(ctx context.Context, run *step.Run) (map[string]any, error) {
		return run.Host.Execute(ctx, step.Block{Steps: nested}, step.Execution{
			Name: run.ID, Isolated: true, Locals: eval.Scope{"parameters": parameters},
		})
	}
}

// sees is a step that gives the names that it sees, and the ids of the steps.
func sees(_ context.Context, run *step.Run) (map[string]any, error) {
	steps, _ := run.Scope["steps"].(map[string]any)
	return map[string]any{
		"names": slices.Sorted(maps.Keys(run.Scope)), "steps": slices.Sorted(maps.Keys(steps)),
		"parameters": run.Scope["parameters"], "id": run.ID,
	}, nil
}

func TestIsolatedStepsSeeNothingAround(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		nested := list(newStep("first", outputs("a", 1)), newStep("second", sees))
		s := story("x", list(newStep("before", passes), newStep("use", apart(&nested, map[string]any{"who": "web"})), newStep("after", sees)))
		s.Matrix = map[string]any{"fault": "none"}
		b.run(t.Context(), s)
		inside := b.journal.one(t, journal.StepFinished, "use.second").Result.Outputs
		expect(t, "names", inside["names"].([]string), "cluster", "env", "parameters", "scenario", "steps")
		expect(t, "steps inside", inside["steps"].([]string), "first")
		outside := b.journal.one(t, journal.StepFinished, "after").Result.Outputs
		expect(t, "names outside", outside["names"].([]string), "cluster", "env", "matrix", "scenario", "secrets", "steps", "vars")
		expect(t, "steps outside", outside["steps"].([]string), "before", "use")
		use := b.journal.one(t, journal.StepFinished, "use").Result.Outputs
		expect(t, "what the container got", slices.Sorted(maps.Keys(use)), "first", "second")
	})
}

func TestIsolatedStepsKeepTheirPlace(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		innermost := newStep("deep", passes)
		innermost.Depth = 1
		group := list(innermost)
		inner := list(newStep("group", contains(&group)))
		outer := list(newStep("again", apart(&inner, nil)))
		b.run(t.Context(), story("x", list(newStep("use", apart(&outer, nil)))))
		var got []string
		for _, e := range b.journal.events {
			if e.Kind == journal.StepStarted {
				got = append(got, e.Step+" "+string(rune('0'+e.StepInfo.Depth))+" in "+e.StepInfo.Within)
			}
		}
		expect(t, "steps", got, "use 0 in ", "use.again 1 in use", "use.again.group 2 in use.again", "use.again.deep 3 in use.again.group")
	})
}

func TestSameStepsTwiceAtOnce(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		first := newStep("first", func(ctx context.Context, run *step.Run) (map[string]any, error) {
			parameters, _ := run.Scope["parameters"].(map[string]any)
			return map[string]any{"who": parameters["who"]}, nil
		})
		second := newStep("second", func(ctx context.Context, run *step.Run) (map[string]any, error) {
			pause(ctx, 10*time.Second)
			parameters, _ := run.Scope["parameters"].(map[string]any)
			got := run.Scope["steps"].(map[string]any)["first"].(map[string]any)["who"]
			if got != parameters["who"] {
				return nil, step.Fail("%v sees the outputs of %v", parameters["who"], got)
			}
			return nil, nil
		})
		nested := list(first, second)
		out := b.run(t.Context(), story("x", together(
			newStep("one", apart(&nested, map[string]any{"who": "one"})), newStep("two", apart(&nested, map[string]any{"who": "two"})))))
		if out.Verdict != step.Passed || out.Took != 10*time.Second {
			t.Errorf("outcome is %+v", out)
		}
	})
}

func TestFailureInsideIsolatedSteps(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		nested := list(newStep("good", outputs("a", 1)), newStep("bad", fails), newStep("never", passes))
		var got map[string]any
		use := func(ctx context.Context, run *step.Run) (map[string]any, error) {
			steps, err := apart(&nested, nil)(ctx, run)
			got = steps
			return nil, err
		}
		b.run(t.Context(), story("x", list(newStep("use", use), newStep("later", passes))))
		expect(t, "results", b.journal.lines(journal.StepFinished),
			"0s step.finished use.good passed",
			"0s step.finished use.bad failed | the answer is 41",
			"0s step.finished use.never skipped cause=use.bad | skipped because of use.bad",
			"0s step.finished use failed | step use.bad failed: the answer is 41",
			"0s step.finished later skipped cause=use.bad | skipped because of use.bad",
		)
		expect(t, "outputs of the steps that finished", slices.Sorted(maps.Keys(got)), "bad", "good", "never")
	})
}

func TestPlaceOfContainerHoldsInside(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		where := func(_ context.Context, run *step.Run) (map[string]any, error) {
			return map[string]any{"place": run.Cluster + "/" + run.Namespace}, nil
		}
		own := newStep("own", where)
		own.Namespace = eval.Literal("elsewhere")
		nested := list(newStep("inherits", where), own)
		container := newStep("group", contains(&nested))
		container.Cluster, container.Namespace = eval.Literal("east"), eval.Literal("shop")
		b.run(t.Context(), story("x", list(container, newStep("after", where))))
		var got []string
		for _, id := range []string{"inherits", "own", "after"} {
			got = append(got, b.journal.one(t, journal.StepFinished, id).Result.Outputs["place"].(string))
		}
		expect(t, "places", got, "east/shop", "east/elsewhere", "/")
	})
}

func TestRelativePathsStartAtTheFileOfTheStep(t *testing.T) {
	inTime(t, func(t *testing.T, b *bench) {
		where := func(_ context.Context, run *step.Run) (map[string]any, error) {
			if run.Scenario.Dir != "." {
				return nil, errors.New("the scenario's folder is " + run.Scenario.Dir)
			}
			return map[string]any{"folder": run.Folder()}, nil
		}
		inside := newStep("inside", where)
		inside.At.File = "library/a.template.yaml"
		nested := list(inside)
		b.run(t.Context(), story("x", list(newStep("use", apart(&nested, nil)), newStep("outside", where))))
		expect(t, "folders", []string{
			b.journal.one(t, journal.StepFinished, "use.inside").Result.Outputs["folder"].(string),
			b.journal.one(t, journal.StepFinished, "outside").Result.Outputs["folder"].(string),
		}, "library", ".")
	})
}
