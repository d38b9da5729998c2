// Package waitfor is the step waitFor: the scenario goes on when a condition is met. What is looked at is the part of
// package observe; this package decides when a condition is met, when it can't be met any more, and what to say then.
package waitfor

import (
	_ "embed"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/observe"
)

//go:embed README.md
var doc string

// Config is what the author writes under waitFor.
type Config struct {
	observe.Source `yaml:",inline"`
	Until          eval.Expr[bool]           `yaml:"until" scope:"object,objects,events,lines,response,alerts,samples,rows,requests,matched,match,count" doc:"The wait is over when this condition is true." example:"object.status.availableReplicas == 3"`
	Where          eval.Expr[bool]           `yaml:"where" scope:"item" doc:"Condition on each item of a list; those that satisfy it are matched, the first of them is match, and their number count." example:"item.status.phase == 'Failed'"`
	FailIf         eval.Expr[bool]           `yaml:"failIf" scope:"object,objects,events,lines,response,alerts,samples,rows,requests,matched,match,count" doc:"The step fails at once when this condition is true." example:"object.status.phase == 'Failed'"`
	Ready          bool                      `yaml:"ready" doc:"Wait until the object, or every object, is ready by the rule of its kind. This is what waiting for an object means when no other condition is given."`
	Absent         bool                      `yaml:"absent" doc:"Wait until the object, or every matching object, is gone."`
	HoldsFor       time.Duration             `yaml:"holdsFor" doc:"The condition must stay true that long without a break." example:"10s"`
	Capture        map[string]eval.Expr[any] `yaml:"capture" scope:"object,objects,events,lines,response,alerts,samples,rows,requests,matched,match,count" doc:"Values to keep as the output captured.<name>, taken when the condition is met." example:"{pod: match.metadata.name}"`
	Tolerate       []string                  `yaml:"tolerate" single:"true" doc:"States that waiting can't heal and that do not end the wait all the same: jobFailed, podFailed, imagePull, containerConfig, unschedulable, quota, progressDeadline, stalled, or all." example:"[imagePull]"`
	Timeout        time.Duration             `yaml:"timeout" doc:"The step fails when the condition is not met by then; 5m if not given. The common field of the same name works as well." example:"2m"`
}

// Outputs is what later steps read.
type Outputs struct {
	Object          any            `expr:"object" doc:"The object as it was when the condition was met, nil when it is gone or the source is no single object."`
	Objects         []any          `expr:"objects" doc:"The objects that were looked at, matching or not."`
	Match           any            `expr:"match" doc:"The first item that satisfies where, or the first item at all without where, or nil."`
	Matched         []any          `expr:"matched" doc:"The items that satisfy where, or all items without where."`
	Count           int            `expr:"count" doc:"Number of matched items."`
	Captured        map[string]any `expr:"captured" doc:"The values that capture asked for."`
	Took            time.Duration  `expr:"took" doc:"Time from the start of the step until the condition was met."`
	Looks           int            `expr:"looks" doc:"How many times the value was looked at."`
	ResourceVersion string         `expr:"resourceVersion" doc:"Resource version of the change that met the condition."`
}

// New returns the definition of the step.
func New(env *kube.Env) step.Definition {
	declared := eval.TypeOfStruct(typeOfOutputs)
	return step.Define(step.Spec[Config, Outputs]{
		Name: "waitFor", Group: step.Story, Doc: doc, Judges: true,
		Timeout: -1, // this package sets the limit, because the author may give it in two places
		Check: kube.Knowing(env, func(c *Config, p *step.Problems) {
			check(c, p)
			c.CheckSettings("", env.Settings(), p)
		}),
		Title:   title,
		Outputs: func(c *Config) eval.Type { return outputs(c, declared) },
		Refine: func(c *Config, in *step.Place, t eval.Type) eval.Type {
			return refined(c, t, func(name string) eval.Type { return c.Local(in, env, name) })
		},
		Names: func(c *Config, in *step.Place, name string) eval.Type { return c.Local(in, env, name) },
		Needs: needs(env),
		Run:   waiting{env}.run,
	})
}

// outputs adds the names that capture gives.
func outputs(c *Config, t eval.Type) eval.Type {
	if len(c.Capture) == 0 {
		return t
	}
	captured := eval.Type{Kind: eval.Object}
	for _, name := range captureNames(c) {
		captured = captured.With(name, "", c.Capture[name].Program().Type)
	}
	f, _ := t.Field("captured")
	return t.With("captured", f.Doc, captured)
}

// refined says of the objects among the outputs what is known of the source.
func refined(c *Config, t eval.Type, local func(name string) eval.Type) eval.Type {
	traits := c.Traits()
	outputs := map[string]string{"match": "match", "matched": "matched"} // output -> local name
	if traits.Cluster {
		outputs[traits.Name] = traits.Name
	}
	for _, f := range t.Members() {
		if name, ok := outputs[f.Name]; ok {
			if known := local(name); known.Kind != eval.Any {
				t = t.With(f.Name, f.Doc, known)
			}
		}
	}
	return t
}

func title(c *Config) string {
	switch {
	case !c.Given():
		return "waitFor"
	case c.Until.IsSet():
		return c.Source.String() + " until " + short(conditionsOf(c))
	}
	return short(conditionsOf(c))
}
