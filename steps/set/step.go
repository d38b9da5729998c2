// Package set is the step that names values for later steps. It changes nothing outside the scenario.
package set

import (
	"context"
	_ "embed"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

//go:embed README.md
var doc string

// Config is what the author writes under `set`: names and their values.
type Config map[string]eval.Tree

// Outputs are the same names with the values that they got.
type Outputs map[string]any

// New returns the definition of the step.
func New() step.Definition {
	return step.Define(step.Spec[Config, Outputs]{
		Name: "set", Settled: true,
		Group: step.Flow,
		Doc:   doc,
		Check: check,
		Title: func(c *Config) string { return "set " + strings.Join(names(*c), ", ") },
		Outputs: func(c *Config) eval.Type {
			t := eval.Type{Kind: eval.Object}
			for _, name := range names(*c) {
				t = t.With(name, "Value set by this step.", (*c)[name].Type())
			}
			return t
		},
		Run: run,
	})
}

// names returns the keys in an order that does not change from run to run.
func names(c Config) []string { return slices.Sorted(maps.Keys(c)) }

var identifier = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)

func check(c *Config, p *step.Problems) {
	if len(*c) == 0 {
		p.At("", "set needs a mapping of names to values, written out; only the values may hold ${{ }}")
	}
	for _, name := range names(*c) {
		if !identifier.MatchString(name) {
			p.AtKey(name, "invalid-name", "%q can't be named in an expression; use letters, digits and underscores", name)
		}
	}
}

func run(_ context.Context, run *step.Run, c Config) (Outputs, error) {
	out := Outputs{}
	for _, name := range names(c) {
		v, err := c[name].Eval(run.Scope)
		if err != nil {
			return out, fmt.Errorf("%s: %w", name, err)
		}
		out[name] = v
	}
	return out, nil
}
