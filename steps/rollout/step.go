// Package rollout is the rollout step: it restarts, rolls back, pauses and resumes workloads as kubectl rollout does, and
// waits for rollouts to complete.
package rollout

import (
	_ "embed"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/readiness"
)

//go:embed README.md
var doc string

// The actions.
const (
	restart = "restart"
	undo    = "undo"
	pause   = "pause"
	resume  = "resume"
	status  = "status"
)

// Config is what an author writes.
type Config struct {
	Object     kube.Ref `yaml:"object" required:"true" doc:"The deployment, daemon set or stateful set, as kind/name or as a mapping." example:"deployment/web"`
	Action     string   `yaml:"action" required:"true" enum:"restart,undo,pause,resume,status" doc:"What is done with its rollout." example:"restart"`
	ToRevision int      `yaml:"toRevision" doc:"Revision that undo goes back to. Without it the one before the present one." example:"2"`
	WaitReady  bool     `yaml:"waitReady" doc:"Wait until the rollout is complete; true unless told otherwise."`
	Tolerate   []string `yaml:"tolerate" single:"true" doc:"States in which the wait goes on although it is not likely to end well: jobFailed, podFailed, imagePull, containerConfig, unschedulable, quota, progressDeadline, stalled." example:"[imagePull]"`
	Undo       string   `yaml:"undo" enum:"auto,keep" doc:"With keep the change stays after the scenario, unless the object is in its own namespace."`
}

// Outputs are what later steps read.
type Outputs struct {
	FromRevision int           `expr:"fromRevision" doc:"The revision before the action."`
	Revision     int           `expr:"revision" doc:"The revision at the end of the step."`
	Took         time.Duration `expr:"took" doc:"Time that the step took."`
}

// New declares the step.
func New(env *kube.Env) step.Definition {
	s := steps{env}
	return step.Define(step.Spec[Config, Outputs]{
		Name:    "rollout",
		Group:   step.Cluster,
		Doc:     doc,
		Default: func() Config { return Config{WaitReady: true} },
		Check:   kube.Knowing(env, check),
		Title:   func(c *Config) string { return c.Action + " " + c.Object.String() },
		Touches: s.touches,
		Needs:   s.needs,
		Run:     s.run,
	})
}

func check(c *Config, p *step.Problems) {
	kube.Expect(p, kube.Mention{Path: "object", Ref: c.Object, Acts: true})
	readiness.Check(c.Tolerate, p)
	if c.Object.Kind != "" && c.Object.Name == "" && !p.Dynamic("object.name") {
		p.At("object", "rollout needs the name of one object, as in deployment/web")
	}
	if p.Given("toRevision") && c.Action != "" && c.Action != undo {
		p.At("toRevision", "toRevision is for the action undo, not for %s", c.Action)
	}
	if c.ToRevision < 0 {
		p.At("toRevision", "toRevision must be 1 or more, found %d", c.ToRevision)
	}
}
