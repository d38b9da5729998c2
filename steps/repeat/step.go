// Package repeat is the container step for systems that are not deterministic: it runs its steps many times and judges
// how often they passed. The scheduler runs the steps; this package does the statistics.
package repeat

import (
	_ "embed"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/rounds"
)

//go:embed README.md
var doc string

// Config is what the author writes under `repeat`.
type Config struct {
	Times      int          `yaml:"times" required:"true" doc:"How often the steps are run." example:"20"`
	Pass       rounds.Share `yaml:"pass" doc:"Share of the attempts that must pass. Without it, every attempt." example:"'>= 0.95'"`
	Confidence float64      `yaml:"confidence" doc:"How sure the verdict must be, between 0.5 and 1. With it, the whole confidence interval of the share must lie on one side of the threshold, or the step is inconclusive." example:"0.95"`
	StopEarly  bool         `yaml:"stopEarly" doc:"End when further attempts can't change the verdict."`
	Parallel   int          `yaml:"parallel" doc:"How many attempts are made at once."`
	Steps      step.Block   `yaml:"steps" required:"true" scope:"attempt" doc:"The steps of an attempt. Expressions in them see its number as attempt, which starts at 1."`
}

// Outputs tell how often the steps passed.
type Outputs struct {
	Attempts int      `expr:"attempts" doc:"Attempts that were made."`
	Passed   int      `expr:"passed" doc:"Attempts that passed."`
	Failed   int      `expr:"failed" doc:"Attempts that failed."`
	Errored  int      `expr:"errored" doc:"Attempts that could not be judged: they errored, were inconclusive or skipped."`
	Rate     float64  `expr:"rate" doc:"Share of the attempts that passed, from 0 to 1."`
	Lower    float64  `expr:"lower" doc:"Lower end of the confidence interval of the share."`
	Upper    float64  `expr:"upper" doc:"Upper end of the confidence interval of the share."`
	Results  []Result `expr:"results" doc:"What came of each attempt."`
}

// Result is what came of one attempt.
type Result struct {
	Attempt int            `expr:"attempt" doc:"Number of the attempt; the first is 1."`
	Verdict string         `expr:"verdict" doc:"How its steps ended: passed, failed, errored, inconclusive or skipped."`
	Message string         `expr:"message" doc:"Why they did not pass."`
	Seconds float64        `expr:"seconds" doc:"How long it took, in seconds."`
	Steps   map[string]any `expr:"steps" doc:"Outputs of its steps, by their ids."`
}

// New returns the definition of the step.
func New() step.Definition {
	return step.Define(step.Spec[Config, Outputs]{
		Name:    "repeat",
		Group:   step.Flow,
		Doc:     doc,
		Timeout: -1, // the steps inside have their own
		Default: func() Config { return Config{Pass: rounds.Share{Least: 1}, Parallel: 1} },
		Check:   check,
		Title:   title,
		Names:   func(*Config, *step.Place, string) eval.Type { return eval.Type{Kind: eval.Int} },
		Refine:  refine,
		Run:     run,
	})
}

func title(c *Config) string {
	if c.Times == 0 {
		return "repeat"
	}
	return "repeat " + eval.Format(c.Times) + " times, pass " + c.Pass.String()
}

func check(c *Config, p *step.Problems) {
	if c.Times < 1 && !p.Dynamic("times") {
		p.At("times", "the steps must be run at least once, found %d", c.Times)
	}
	if c.Parallel < 1 && !p.Dynamic("parallel") {
		p.At("parallel", "at least 1 attempt is made at once, found %d", c.Parallel)
	}
	if p.Given("confidence") && !p.Dynamic("confidence") && (c.Confidence < 0.5 || c.Confidence >= 1) {
		p.At("confidence", "expected a number from 0.5 to below 1, such as 0.95, found %v", c.Confidence)
	}
	needed := attemptsFor(c.Pass, c.Confidence)
	if c.Confidence >= 0.5 && c.Confidence < 1 && c.Times > 0 && c.Times < needed {
		p.Warn("times", "too-few-attempts", "even if every attempt passes, %d are too few to be %s sure that the share is %s; it takes %d",
			c.Times, percent(c.Confidence), c.Pass, needed)
	}
}

func refine(c *Config, _ *step.Place, t eval.Type) eval.Type {
	results, _ := t.Field("results")
	return t.With("results", results.Doc, eval.ListOf(results.Type.Elem.With("steps", "Outputs of its steps, by their ids.", c.Steps.Outputs)))
}
