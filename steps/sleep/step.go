// Package sleep is the step that lets time pass. It watches nothing; waitFor does.
package sleep

import (
	"context"
	_ "embed"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/step"
)

//go:embed README.md
var doc string

// advised is the length from which a pause is more likely a wait for something that could be watched.
const advised = 30 * time.Second

// Config is what the author writes under `sleep`.
type Config struct {
	For    time.Duration `yaml:"for" required:"true" shorthand:"true" doc:"How long to do nothing." example:"5s"`
	Reason string        `yaml:"reason" doc:"What the pause is for, shown in progress and reports."`
}

// Outputs is what later steps can read.
type Outputs struct {
	Slept time.Duration `expr:"slept" doc:"How long the pause really was."`
}

// New returns the definition of the step.
func New() step.Definition {
	return step.Define(step.Spec[Config, Outputs]{
		Name:    "sleep",
		Settled: true,
		Group:   step.Flow,
		Doc:     doc,
		Timeout: -1, // its length is its limit
		Check:   check,
		Title:   title,
		Run:     run,
	})
}

func check(c *Config, p *step.Problems) {
	if c.For > advised {
		p.Warn("for", "long-sleep", "a pause of %s makes every run slow and some runs fail; waitFor goes on as soon as its condition is true", c.For)
	}
}

func title(c *Config) string {
	text := "sleep"
	if c.For > 0 {
		text += " " + c.For.String()
	}
	if c.Reason != "" {
		text += ": " + c.Reason
	}
	return text
}

func run(ctx context.Context, run *step.Run, c Config) (Outputs, error) {
	start := time.Now()
	timer := time.NewTimer(c.For)
	defer timer.Stop()
	if c.Reason != "" {
		run.Progress("sleeping for %s: %s", c.For, c.Reason)
	} else {
		run.Progress("sleeping for %s", c.For)
	}
	select {
	case <-timer.C:
		return Outputs{Slept: time.Since(start)}, nil
	case <-ctx.Done():
		return Outputs{Slept: time.Since(start)}, context.Cause(ctx)
	}
}
