// Package use is the container step that runs the steps of a template, another file, with parameters. The engine reads
// and checks the file; the scheduler runs the steps.
package use

import (
	"context"
	_ "embed"
	"fmt"
	"maps"
	"slices"

	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/source"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

//go:embed README.md
var doc string

// Config is what the author writes under `use`.
type Config struct {
	Template step.Template        `yaml:"template" required:"true" shorthand:"true" doc:"The template: a path that starts at this file's folder, or the name of one in a library folder." example:"library/incident.template.yaml"`
	With     map[string]eval.Tree `yaml:"with" doc:"Values of the template's parameters." example:"{deployment: web}"`
}

// Outputs are those of the template.
type Outputs map[string]any

// New returns the definition of the step.
func New() step.Definition {
	return step.Define(step.Spec[Config, Outputs]{
		Name:    "use",
		Group:   step.Flow,
		Doc:     doc,
		Timeout: -1, // the steps inside have their own
		Check:   check,
		Title:   func(c *Config) string { return "use " + c.Template.Name },
		Outputs: func(c *Config) eval.Type { return c.Template.OutputType() },
		Run:     run,
	})
}

// check compares what is given with the parameters of the template.
func check(c *Config, p *step.Problems) {
	if c.Template.File == "" {
		return // reported by whoever read the file
	}
	with := p.Node("with")
	var meant []string // by names that are misspelt
	for _, pair := range source.Pairs(with) {
		name := pair.Key.Value
		parameter, ok := c.Template.Parameter(name)
		if !ok {
			meant = append(meant, diag.Suggest(name, c.Template.ParameterNames()))
			p.Add(p.Range(pair.Key), "with", false, "unknown-parameter", "template %q has no parameter %q%s", c.Template.Title, name, proposal(c.Template, name))
			continue
		}
		for _, wrong := range parameter.Check(c.With[name]) {
			at := p.Node(join("with", append([]string{name}, wrong.Path...)))
			if at == nil {
				at = pair.Value
			}
			p.Add(p.Range(at), "with", false, wrong.Check, "parameter %q: %s", name, wrong.Message).
				Note(parameter.At, "%s is declared here", name)
		}
	}
	for _, parameter := range c.Template.Parameters {
		if _, given := c.With[parameter.Name]; !given && parameter.Required && !slices.Contains(meant, parameter.Name) {
			p.Mistake("with", "missing-parameter", "template %q needs parameter %q: %s", c.Template.Title, parameter.Name, parameter.Type.Describe()).
				Note(parameter.At, "%s is declared here", parameter.Name)
		}
	}
}

func proposal(t step.Template, name string) string {
	if len(t.Parameters) == 0 {
		return "; it has none"
	}
	return diag.DidYouMean(name, t.ParameterNames())
}

func join(first string, rest []string) string {
	for _, segment := range rest {
		first += "." + segment
	}
	return first
}

// run executes the steps of the template apart from everything else and returns its outputs.
func run(ctx context.Context, run *step.Run, c Config) (Outputs, error) {
	given := make(map[string]any, len(c.With))
	for _, name := range slices.Sorted(maps.Keys(c.With)) {
		v, err := c.With[name].Eval(run.Scope)
		if err != nil {
			return nil, fmt.Errorf("parameter %q: %w", name, err)
		}
		given[name] = v
	}
	parameters, err := c.Template.Bind(given)
	if err != nil {
		return nil, err
	}
	locals := eval.Scope{"parameters": parameters}
	steps, err := run.Host.Execute(ctx, c.Template.Block, step.Execution{Name: run.ID, Isolated: true, Locals: locals})
	scope := eval.Scope{"parameters": parameters, "steps": steps, "scenario": run.Scope["scenario"], "env": run.Scope["env"]}
	outputs, missing := c.Template.Results(scope)
	if err != nil {
		return outputs, err
	}
	return outputs, missing
}
