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

type makeConfig struct {
	Name string        `yaml:"name" required:"true" shorthand:"true" doc:"Name of the thing."`
	Wait time.Duration `yaml:"wait" doc:"How long it takes."`
}

type makeOutputs struct {
	Name string `expr:"name" doc:"Name of the thing."`
}

type checkConfig struct {
	That eval.Expr[bool] `yaml:"that" required:"true" shorthand:"true" doc:"What must be true."`
}

type groupConfig struct {
	Steps step.Block `yaml:"steps" required:"true" shorthand:"true" doc:"Steps that start together."`
}

type none struct{}

// kinds are real declarations, so that a story goes from YAML to its verdict as it does in the product.
func kinds() *step.Registry {
	return &step.Registry{Steps: []step.Definition{
		step.Define(step.Spec[makeConfig, makeOutputs]{
			Name: "make", Group: step.Story, Doc: "# make\n\nMakes a thing.\n",
			Run: func(ctx context.Context, run *step.Run, c makeConfig) (makeOutputs, error) {
				if _, err := run.Record(ctx, "quick", c.Name); err != nil {
					return makeOutputs{}, err
				}
				if !pause(ctx, c.Wait) {
					return makeOutputs{}, ctx.Err()
				}
				return makeOutputs{Name: c.Name}, nil
			},
		}),
		step.Define(step.Spec[checkConfig, none]{
			Name: "check", Group: step.Story, Doc: "# check\n\nChecks a thing.\n", Judges: true,
			Run: func(_ context.Context, run *step.Run, c checkConfig) (none, error) {
				ok, err := c.That.Eval(run.Scope)
				if err == nil && !ok {
					err = step.Fail("%s is false", c.That.Source())
				}
				return none{}, err
			},
		}),
		step.Define(step.Spec[groupConfig, none]{
			Name: "together", Group: step.Flow, Doc: "# together\n\nRuns steps at once.\n", Visible: true, Unordered: true,
			Run: func(ctx context.Context, run *step.Run, c groupConfig) (none, error) {
				_, err := run.Host.Execute(ctx, c.Steps, step.Execution{Parallel: true})
				return none{}, err
			},
		}),
	}}
}

const storyFile = `apiVersion: scenario-runner/v1
kind: Scenario
metadata: {name: from-the-file, labels: {area: shop}}
vars: {base: shop}
safety: {maxDuration: 10m}
steps:
  - id: load
    background: true
    make: {name: load, wait: 20s}
  - id: web
    make: {name: "${{ vars.base }}-${{ scenario.labels.area }}"}
  - together:
      - id: slow
        make: {name: slow, wait: 3s}
      - id: fast
        make: {name: "${{ steps.web.name }}-fast", wait: 1s}
      - id: both
        check: steps.slow.name == "slow" and steps.fast.took == duration("1s")
  - id: optional
    if: steps.fast.name == "nope"
    make: optional
  - id: wrong
    check: steps.web.name == "other"
    timeout: 1m
    retry: {attempts: 2, delay: 1s}
  - id: told
    always: true
    check: steps.wrong.verdict == "failed"
  - id: never
    check: steps.optional.name == "optional"
finally:
  - check: steps.fast.name == "shop-shop-fast"
`

func TestStoryFromAFile(t *testing.T) {
	registry := kinds()
	loader, err := scenario.NewLoader(registry, scenario.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s, diags := loader.Load("shop/web.scenario.yaml", []byte(storyFile))
	if s == nil {
		t.Fatalf("the file does not load: %v", diags)
	}
	inTime(t, func(t *testing.T, b *bench) {
		out := b.run(t.Context(), s)
		expect(t, "results", b.journal.results(),
			"0s step.finished web passed",
			"1s step.finished fast passed",
			"3s step.finished slow passed",
			"3s step.finished both passed",
			"3s step.finished step3 passed",
			"3s step.finished optional skipped | its condition is false: steps.fast.name == \"nope\"",
			"4s step.finished wrong failed | steps.web.name == \"other\" is false",
			"4s step.finished told passed",
			"4s step.finished never skipped cause=wrong | skipped because of wrong",
			"4s step.finished load skipped cause=wrong | cancelled because of wrong",
			"4s step.finished step11 passed",
			"4s scenario.finished shop/web.scenario.yaml failed cause=wrong | wrong: steps.web.name == \"other\" is false",
		)
		expect(t, "undone", sorted(b.desk.done), "start load", "start shop-shop", "start shop-shop-fast", "start slow")
		started := b.journal.one(t, journal.StepStarted, "web")
		if started.StepInfo.At.String() != "shop/web.scenario.yaml:11:5" || started.StepInfo.Kind != "make" {
			t.Errorf("step is %+v", started.StepInfo)
		}
		if out.ExitCode != ExitFailed {
			t.Errorf("exit code is %d", out.ExitCode)
		}
	})
}
