// Package assert is the step assert: claims that must be true, now, within a time, or for a time. What is looked at is
// the part of package observe; this package judges the claims and explains those that are false.
package assert

import (
	_ "embed"
	"maps"
	"slices"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/observe"
)

//go:embed README.md
var doc string

// Config is what the author writes under assert.
type Config struct {
	That    []eval.Expr[bool]         `yaml:"that" single:"true" shorthand:"true" scope:"*given" doc:"Claims that must be true. All of them are looked at, and all that are false are reported." example:"[web.status.availableReplicas == web.spec.replicas]"`
	Given   map[string]observe.Source `yaml:"given" doc:"Names for what the claims are about, each with its source." example:"{web: {object: deployment/web}}"`
	Message eval.Text                 `yaml:"message" scope:"*given" doc:"What it means when a claim is false, in words of the story." example:"the shop does not answer"`
	Within  time.Duration             `yaml:"within" doc:"The claims must become true, all at the same time, before this time is over." example:"30s"`
	Always  time.Duration             `yaml:"always" doc:"The claims must be true from now on for this time, without a break." example:"10s"`
	Never   []eval.Expr[bool]         `yaml:"never" single:"true" scope:"*given" doc:"Claims that must not be true at any moment of the time that for gives." example:"[count(events, .reason == 'OOMKilling') > 0]"`
	For     time.Duration             `yaml:"for" doc:"How long never is watched." example:"30s"`
}

// Outputs is what later steps read.
type Outputs struct {
	Claims int           `expr:"claims" doc:"How many claims were looked at."`
	Looks  int           `expr:"looks" doc:"How many times they were looked at."`
	Took   time.Duration `expr:"took" doc:"Time from the start of the step until it was decided."`
}

// New returns the definition of the step.
func New(env *kube.Env) step.Definition {
	return step.Define(step.Spec[Config, Outputs]{
		Name: "assert", Group: step.Story, Doc: doc, Judges: true,
		Timeout: -1, // within, always and for say how long it takes
		Check: kube.Knowing(env, func(c *Config, p *step.Problems) {
			check(c, p)
			for _, name := range slices.Sorted(maps.Keys(c.Given)) {
				c.Given[name].CheckSettings("given."+name, env.Settings(), p)
			}
		}),
		Title: title,
		Names: func(c *Config, in *step.Place, name string) eval.Type { return c.Given[name].Type(in, env) },
		Needs: needs(env),
		Run:   asserting{env}.run,
	})
}

func title(c *Config) string {
	claims := claimsOf(c)
	if len(claims) == 0 {
		return "assert"
	}
	text := claims[0].text
	if len(claims) > 1 {
		text += " and more"
	}
	switch {
	case c.Within > 0:
		text += " within " + observe.Span(c.Within)
	case c.span() > 0:
		text += " for " + observe.Span(c.span())
	}
	return text
}
