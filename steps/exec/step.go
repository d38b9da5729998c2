// Package exec is the exec step: it runs a command in containers of pods and judges the exit code. Programs on this machine are
// what run is for.
package exec

import (
	_ "embed"
	"strings"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/process"
)

//go:embed README.md
var doc string

// Config is what an author writes.
type Config struct {
	In        kube.Ref  `yaml:"in" required:"true" doc:"Where: a pod, pods by labels, or a workload or Service whose pods are meant." example:"deployment/web"`
	Container string    `yaml:"container" doc:"Name of the container; the pod's default if not given."`
	All       bool      `yaml:"all" doc:"Run in all pods that are ready, not only in the first one by name."`
	Command   eval.Tree `yaml:"command" doc:"Program and arguments, as a list, or as a text that is split into words. No shell reads it." example:"[cat, /etc/hostname]"`
	Script    string    `yaml:"script" doc:"Shell script; sh of the container runs it." example:"ls /data | wc -l"`
	Stdin     string    `yaml:"stdin" doc:"What the command reads from its standard input."`
	ExitCodes []int     `yaml:"exitCodes" single:"true" doc:"Exit codes that mean success. Without it, 0." example:"[0, 2]"`
	JSON      bool      `yaml:"json" doc:"The standard output must be JSON; it becomes the output json."`
}

// Outputs are what later steps read. Those of the first pod stand alone as well.
type Outputs struct {
	Pod       string        `expr:"pod" doc:"The pod, the first one by name when there were several."`
	Container string        `expr:"container" doc:"The container."`
	ExitCode  int           `expr:"exitCode" doc:"Exit code."`
	Stdout    string        `expr:"stdout" doc:"What was written to the standard output, without the line break at the end."`
	Stderr    string        `expr:"stderr" doc:"What was written to the standard error, without the line break at the end."`
	JSON      any           `expr:"json" doc:"The standard output as a value, with json: true."`
	Results   []Result      `expr:"results" doc:"How it ended in each pod, sorted by pod."`
	Simulated bool          `expr:"simulated" doc:"Nothing was run: the container is simulated by the sandbox."`
	Took      time.Duration `expr:"took" doc:"Time that the step took."`
}

// Result is how the command ended in one pod.
type Result struct {
	Pod       string `expr:"pod" doc:"The pod."`
	Container string `expr:"container" doc:"The container."`
	ExitCode  int    `expr:"exitCode" doc:"Exit code."`
	Stdout    string `expr:"stdout" doc:"What was written to the standard output, without the line break at the end."`
	Stderr    string `expr:"stderr" doc:"What was written to the standard error, without the line break at the end."`
	JSON      any    `expr:"json" doc:"The standard output as a value, with json: true."`
	Truncated bool   `expr:"truncated" doc:"More was written than is kept; stdout and stderr hold the end of it."`
}

// New declares the step.
func New(env *kube.Env) step.Definition {
	s := steps{env}
	return step.Define(step.Spec[Config, Outputs]{
		Name:    "exec",
		Group:   step.Cluster,
		Doc:     doc,
		Judges:  true,
		Check:   kube.Knowing(env, check),
		TitleAs: title,
		Touches: s.touches,
		Needs:   s.needs,
		Run:     s.run,
	})
}

func check(c *Config, p *step.Problems) {
	kube.Expect(p, kube.Mention{Path: "in", Ref: c.In, Acts: true, Container: c.Container, ContainerPath: "container"})
	if c.In.Kind != "" {
		if err := c.In.Check(); err != nil {
			p.At("in", "%s", err)
		}
	}
	p.OneOf("", "command", "script")
	process.CheckCommand("command", c.Command, p)
}

// title shows the command as it is written.
func title(c *Config, w step.Written) string {
	return what(c, w) + " in " + c.In.String()
}

// mostShown is how much of a command a title shows.
const mostShown = 40

func what(c *Config, w step.Written) string {
	text := w.Text("command")
	switch {
	case c.Script != "":
		text, _, _ = strings.Cut(strings.TrimSpace(c.Script), "\n")
	case text == "":
		text = "a command"
	}
	if len(text) > mostShown {
		text = text[:mostShown] + "…"
	}
	return text
}

// touches says that something runs in a container, which may do anything there.
func (s steps) touches(_, shown *Config, w step.Written) []step.Touch {
	touch := s.env.Touch(step.Runs, "run", shown.In)
	touch.What = what(shown, w) + " in " + touch.What
	return []step.Touch{touch}
}
