// Package scale is the scale step: it sets the number of replicas of anything that has a scale subresource.
package scale

import (
	_ "embed"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/readiness"
)

//go:embed README.md
var doc string

// Config is what an author writes.
type Config struct {
	Object    kube.Ref `yaml:"object" required:"true" doc:"What is scaled, as kind/name or as a mapping." example:"deployment/web"`
	Replicas  int      `yaml:"replicas" required:"true" doc:"The number of replicas that is wanted." example:"3"`
	WaitReady bool     `yaml:"waitReady" doc:"Wait until the object is ready with that number; true unless told otherwise."`
	Tolerate  []string `yaml:"tolerate" single:"true" doc:"States in which the wait goes on although it is not likely to end well: jobFailed, podFailed, imagePull, containerConfig, unschedulable, quota, progressDeadline, stalled." example:"[imagePull]"`
	Undo      string   `yaml:"undo" enum:"auto,keep" doc:"With keep the number stays after the scenario, unless the object is in its own namespace."`
}

// Outputs are what later steps read.
type Outputs struct {
	From int           `expr:"from" doc:"The number of replicas that was asked for before."`
	To   int           `expr:"to" doc:"The number of replicas that is asked for now."`
	Took time.Duration `expr:"took" doc:"Time that the step took."`
}

// New declares the step.
func New(env *kube.Env) step.Definition {
	s := steps{env}
	return step.Define(step.Spec[Config, Outputs]{
		Name:    "scale",
		Group:   step.Cluster,
		Doc:     doc,
		Default: func() Config { return Config{WaitReady: true} },
		Check:   kube.Knowing(env, check),
		TitleAs: title,
		Touches: s.touches,
		Needs:   s.needs,
		Run:     s.run,
	})
}

func check(c *Config, p *step.Problems) {
	kube.Expect(p, kube.Mention{Path: "object", Ref: c.Object, Acts: true})
	readiness.Check(c.Tolerate, p)
	if c.Object.Kind != "" && c.Object.Name == "" && !p.Dynamic("object.name") {
		p.At("object", "scale needs the name of one object, as in deployment/web")
	}
	if c.Replicas < 0 {
		p.At("replicas", "replicas can't be negative, found %d", c.Replicas)
	}
}
