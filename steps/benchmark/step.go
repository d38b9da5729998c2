// Package benchmark is the container step that measures how long something takes, or any other number, often enough to
// say whether it became worse than it was. The scheduler runs the steps.
package benchmark

import (
	_ "embed"
	"path/filepath"
	"slices"
	"strings"

	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

//go:embed README.md
var doc string

// Config is what the author writes under `benchmark`.
type Config struct {
	Times    int               `yaml:"times" required:"true" doc:"How many rounds are measured." example:"20"`
	Warmup   int               `yaml:"warmup" doc:"Rounds before these that are not measured."`
	Parallel int               `yaml:"parallel" doc:"How many rounds run at once."`
	Steps    step.Block        `yaml:"steps" required:"true" scope:"round" doc:"The steps of a round. Expressions in them see its number as round, which starts at 1."`
	Measure  eval.Expr[any]    `yaml:"measure" scope:"+steps,round" doc:"What is measured, a number or a duration, from the outputs of the steps inside; less is better. Without it, how long the steps of the round take." example:"steps.answer.took"`
	Limits   map[string]Amount `yaml:"limits" doc:"What mean, min, max, or a percentile such as p95 may be at most." example:"{p50: 200ms, p95: 1s}"`
	Baseline string            `yaml:"baseline" doc:"File, inside the scenario's folder, with the measurements to compare with." example:"baselines/remediation.json" refers:"file"`
	Worse    Part              `yaml:"worse" doc:"By which part of the baseline the typical measurement may be worse." example:"10%"`
	Save     string            `yaml:"save" enum:"never,missing,always" doc:"When the measurements become the baseline: never, when there is none (missing), or whenever the step passes (always)."`
}

// Outputs are the measurements. Durations are in seconds.
type Outputs struct {
	Count    int       `expr:"count" doc:"Measurements."`
	Mean     float64   `expr:"mean" doc:"Mean of the measurements."`
	Min      float64   `expr:"min" doc:"Smallest one."`
	P50      float64   `expr:"p50" doc:"Median: half of them are at most this."`
	P90      float64   `expr:"p90" doc:"90 of 100 are at most this."`
	P95      float64   `expr:"p95" doc:"95 of 100 are at most this."`
	P99      float64   `expr:"p99" doc:"99 of 100 are at most this."`
	Max      float64   `expr:"max" doc:"Largest one."`
	Values   []float64 `expr:"values" doc:"All measurements, in the order of the rounds."`
	Compared bool      `expr:"compared" doc:"Whether there was a baseline to compare with."`
	Change   float64   `expr:"change" doc:"By which part of the baseline the typical measurement is worse; 0.1 is 10 %, less than 0 is better. 0 without a baseline."`
}

// New returns the definition of the step.
func New() step.Definition {
	return step.Define(step.Spec[Config, Outputs]{
		Name:    "benchmark",
		Group:   step.Judging,
		Doc:     doc,
		Judges:  true,
		Timeout: -1, // the steps inside have their own
		JudgesIf: func(c *Config) bool {
			return len(c.Limits) > 0 || c.Baseline != ""
		},
		Default: func() Config { return Config{Parallel: 1, Worse: Part{0.1}, Save: "never"} },
		Check:   check,
		Title:   func(c *Config) string { return "benchmark of " + eval.Format(c.Times) + " rounds" },
		Names:   names,
		Run:     run,
	})
}

func check(c *Config, p *step.Problems) {
	if c.Times < 1 && !p.Dynamic("times") {
		p.At("times", "at least one round is measured, found %d", c.Times)
	}
	if c.Warmup < 0 {
		p.At("warmup", "the number of rounds can't be less than 0, found %d", c.Warmup)
	}
	if c.Parallel < 1 && !p.Dynamic("parallel") {
		p.At("parallel", "at least 1 round runs at once, found %d", c.Parallel)
	}
	if kind := resultOf(c.Measure.Program()); !slices.Contains([]eval.Kind{eval.Any, eval.Int, eval.Float, eval.Duration}, kind) {
		p.Mistake("measure", "result-type", "expected a number or a duration, but this expression is %s", kind)
	}
	for name := range c.Limits {
		if !slices.Contains(statistics(), name) {
			p.AtKey("limits."+name, "unknown-value", "%q is nothing that can be limited%s", name, diag.DidYouMean(name, statistics()))
		}
	}
	if c.Baseline == "" {
		if c.Save != "never" && !p.Dynamic("save") {
			p.Mistake("save", "missing-field", "save needs a baseline, the name of the file")
		}
		if p.Given("worse") {
			p.Mistake("worse", "missing-field", "worse needs a baseline, the name of the file")
		}
		return
	}
	switch {
	case !filepath.IsLocal(c.Baseline):
		p.Mistake("baseline", "outside-folder", "%q is outside the scenario's folder; paths in a scenario stay inside it", c.Baseline)
	case !strings.HasSuffix(c.Baseline, ".json"):
		p.At("baseline", "%q: a baseline is a .json file", c.Baseline)
	}
	if c.Times > 0 && c.Times < fewest {
		p.Warn("times", "too-few-attempts", "%d measurements are too few to tell a change from noise; it takes %d", c.Times, fewest)
	}
}

// resultOf returns what is known of the result of an expression, Any when there is none.
func resultOf(p *eval.Program) eval.Kind {
	if p == nil {
		return eval.Any
	}
	return p.Type.Kind
}

func names(c *Config, _ *step.Place, name string) eval.Type {
	if name == "steps" {
		return c.Steps.Outputs
	}
	return eval.Type{Kind: eval.Int}
}
