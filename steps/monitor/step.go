// Package monitor is the step that watches a steady state while the other steps of a scenario run, and judges at the end
// how much of the time it held. What is looked at is the part of package observe.
package monitor

import (
	_ "embed"
	"slices"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/observe"
	"github.com/scenario-runner/scenario-runner/steps/rounds"
)

//go:embed README.md
var doc string

// Config is what the author writes under `monitor`.
type Config struct {
	observe.Source `yaml:",inline"`
	That           eval.Expr[bool] `yaml:"that" scope:"object,objects,events,lines,response,alerts,samples,rows,requests" doc:"What is true in the steady state. A value or a field that is not there means that the state is broken. Without it, that abortIf is false." example:"response.status == 200"`
	Availability   rounds.Share    `yaml:"availability" doc:"Share of the time that the steady state must hold. Without it and the other objectives, all of it." example:"'>= 0.95'"`
	LongestOutage  time.Duration   `yaml:"longestOutage" doc:"How long it may be broken without a break." example:"5s"`
	Downtime       time.Duration   `yaml:"downtime" doc:"How long it may be broken in all." example:"20s"`
	AbortIf        eval.Expr[bool] `yaml:"abortIf" scope:"object,objects,events,lines,response,alerts,samples,rows,requests" doc:"When this is true the scenario ends at once: its steps are stopped and everything is taken back." example:"response.status == 500"`
	AbortAfter     time.Duration   `yaml:"abortAfter" doc:"When the steady state is broken for this long, the scenario ends at once." example:"1m"`
}

// Outputs tell how the steady state held.
type Outputs struct {
	Availability  float64       `expr:"availability" doc:"Share of the time that it held, from 0 to 1."`
	Watched       time.Duration `expr:"watched" doc:"Time from the first look to the end."`
	Samples       int           `expr:"samples" doc:"How many times the value was looked at."`
	Downtime      time.Duration `expr:"downtime" doc:"Time that it was broken, in all."`
	LongestOutage time.Duration `expr:"longestOutage" doc:"Time that it was broken without a break, at most."`
	Outages       []Outage      `expr:"outages" doc:"When it was broken."`
}

// Outage is a time during which the steady state was broken.
type Outage struct {
	After time.Duration `expr:"after" doc:"When it began, after the first look."`
	Took  time.Duration `expr:"took" doc:"How long it took."`
	Saw   string        `expr:"saw" doc:"What was seen first."`
}

// New returns the definition of the step.
func New(env *kube.Env) step.Definition {
	return step.Define(step.Spec[Config, Outputs]{
		Name:      "monitor",
		Group:     step.Judging,
		Doc:       doc,
		Judges:    true,
		JudgesIf:  func(c *Config) bool { return c.That.IsSet() },
		Companion: true,
		Timeout:   -1, // it lasts as long as the steps beside it
		Check: kube.Knowing(env, func(c *Config, p *step.Problems) {
			check(c, p)
			c.CheckSettings("", env.Settings(), p)
		}),
		Title: func(c *Config) string { return "monitor " + c.Source.String() },
		Names: func(c *Config, in *step.Place, name string) eval.Type { return c.Local(in, env, name) },
		Needs: needs(env),
		Run:   monitoring{env}.run,
	})
}

func check(c *Config, p *step.Problems) {
	c.Source.Check("", p)
	name := c.Traits().Name
	for _, at := range []struct {
		path    string
		program *eval.Program
	}{{"that", c.That.Program()}, {"abortIf", c.AbortIf.Program()}} {
		if other, ok := foreign(at.program, name); ok {
			p.At(at.path, "%q is not known of this source; known here: %s", other, name)
		}
	}
	checkGuard(p)
	if c.AbortAfter > 0 && c.LongestOutage > c.AbortAfter {
		p.At("abortAfter", "abortAfter ends the scenario after %s, before an outage can be longer than the %s that longestOutage allows",
			observe.Span(c.AbortAfter), observe.Span(c.LongestOutage))
	}
}

// checkGuard reports a monitor that does not say what it watches for. One that has only abortIf knows no outages.
func checkGuard(p *step.Problems) {
	if p.Given("that") {
		return
	}
	if !p.Given("abortIf") {
		p.Mistake("", "missing-field", "monitor needs that, which says what the steady state is, or abortIf")
		return
	}
	for _, field := range []string{"availability", "longestOutage", "downtime", "abortAfter"} {
		if p.Given(field) {
			p.At(field, "%s is about the steady state; say with that what it is", field)
		}
	}
}

// foreign returns the first name in an expression that only other sources have.
func foreign(program *eval.Program, own string) (string, bool) {
	if program == nil {
		return "", false
	}
	for _, r := range program.References {
		if r.Path[0] != own && slices.Contains(observe.Names(), r.Path[0]) {
			return r.Path[0], true
		}
	}
	return "", false
}
