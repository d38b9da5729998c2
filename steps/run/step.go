// Package run is the step that runs a script or a program and waits for it. A program that is to run beside other steps
// is what startProcess is for.
package run

import (
	"context"
	_ "embed"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/process"
	"github.com/scenario-runner/scenario-runner/steps/process/cluster"
)

//go:embed README.md
var doc string

// undoName is the undo that ends what is left of a program whose runner was killed.
const undoName = "run.kill"

// Config is what the author writes under `run`.
type Config struct {
	Script     string            `yaml:"script" shorthand:"true" doc:"Shell script; sh runs it and stops at the first command that fails." example:"kubectl get nodes -o name | wc -l"`
	Command    eval.Tree         `yaml:"command" doc:"Program and arguments, as a list, or as a text that is split into words. No shell reads it." example:"[kubectl, version]"`
	Env        map[string]string `yaml:"env" doc:"Environment variables, beside the few that every program gets."`
	Dir        string            `yaml:"dir" doc:"Working folder, inside the scenario's folder. Without it, the scenario's folder." refers:"folder"`
	Stdin      string            `yaml:"stdin" doc:"What the program reads from its standard input."`
	Kubeconfig bool              `yaml:"kubeconfig" doc:"The program gets KUBECONFIG and SCENARIO_NAMESPACE of the step's cluster."`
	ExitCodes  []int             `yaml:"exitCodes" single:"true" doc:"Exit codes that mean success. Without it, 0." example:"[0, 2]"`
}

// Outputs is what later steps can read.
type Outputs struct {
	ExitCode  int    `expr:"exitCode" doc:"Exit code; -1 when a signal ended the program."`
	Stdout    string `expr:"stdout" doc:"What was written to the standard output, without the line break at the end."`
	Stderr    string `expr:"stderr" doc:"What was written to the standard error, without the line break at the end."`
	JSON      any    `expr:"json" doc:"The standard output as a value when it is JSON, else nothing."`
	Truncated bool   `expr:"truncated" doc:"The program wrote more than is kept; stdout and stderr hold the end of it."`
}

// New returns the definition of the step. env is used for programs that get a kubeconfig.
func New(env *kube.Env) step.Definition { return define(cluster.Environment{Env: env}) }

func define(clusters process.Cluster) step.Definition {
	return step.Define(step.Spec[Config, Outputs]{
		Name:    "run",
		Group:   step.Services,
		Doc:     doc,
		Judges:  true,
		Check:   check,
		Title:   title,
		Touches: touches,
		Needs:   needs,
		Run: func(ctx context.Context, run *step.Run, c Config) (Outputs, error) {
			return perform(ctx, run, c, clusters)
		},
	})
}

// Undos returns the undo that comes with the step.
func Undos() []step.Undo { return []step.Undo{process.Undo(undoName)} }

func check(c *Config, p *step.Problems) {
	p.OneOf("", "script", "command")
	process.CheckCommand("command", c.Command, p)
}
