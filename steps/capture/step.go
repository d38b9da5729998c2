// Package capture is the capture step: it keeps objects, events and logs as attachments of the run. It judges nothing; what a
// failed step says about itself is the part of steps/kube/explain.
package capture

import (
	_ "embed"
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

//go:embed README.md
var doc string

// The usual limits.
const (
	usualTail = 1000
	usualSize = "1Mi"
)

// Config is what an author writes.
type Config struct {
	Objects []kube.Ref `yaml:"objects" single:"true" doc:"Kinds of objects, or objects as kind/name or as mappings with selectors." example:"[pods, events]"`
	Logs    bool       `yaml:"logs" doc:"Keep the logs of containers."`
	Of      kube.Ref   `yaml:"of" doc:"Whose logs: a pod, pods by labels, or a workload. Without it all pods of the namespace." example:"deployment/web"`
	Tail    int        `yaml:"tail" doc:"How many lines of each log, the last ones; 1000 if not given."`
	Format  string     `yaml:"format" enum:"yaml,json" doc:"How objects are written; yaml if not given."`
	MaxSize string     `yaml:"maxSize" doc:"Largest size of a file, as a quantity; 1Mi if not given." example:"256Ki"`
}

// Outputs are what later steps read.
type Outputs struct {
	Files    []File        `expr:"files" doc:"The files that were written."`
	Objects  int           `expr:"objects" doc:"How many objects are in them."`
	Problems []string      `expr:"problems" doc:"What could not be captured, and why."`
	Took     time.Duration `expr:"took" doc:"Time that the step took."`
}

// File is one file that was written.
type File struct {
	Name  string `expr:"name" doc:"Name of the file in the folder of the step."`
	Count int    `expr:"count" doc:"How many objects it holds; 0 for a log."`
	Bytes int    `expr:"bytes" doc:"Size of the file."`
	Cut   bool   `expr:"cut" doc:"The file lacks something because it would be too large."`
}

// New declares the step.
func New(env *kube.Env) step.Definition {
	s := steps{env}
	return step.Define(step.Spec[Config, Outputs]{
		Name:    "capture",
		Group:   step.Cluster,
		Doc:     doc,
		Default: func() Config { return Config{Tail: usualTail, Format: "yaml", MaxSize: usualSize} },
		Check:   kube.Knowing(env, check),
		Title:   title,
		Touches: func(_, _ *Config, _ step.Written) []step.Touch { return nil },
		Needs:   s.needs,
		Run:     s.run,
	})
}

func check(c *Config, p *step.Problems) {
	if !p.Given("objects") && !p.Given("logs") {
		p.Mistake("", "missing-field", "capture needs objects or logs: what to keep")
	}
	for i, ref := range c.Objects {
		if ref.Kind == "" {
			continue // not known yet
		}
		path := fmt.Sprintf("objects.%d", i)
		kube.Expect(p, kube.Mention{Path: path, Ref: ref})
		if err := ref.Check(); err != nil {
			p.At(path, "%s", err)
		}
	}
	if p.Given("of") {
		kube.Expect(p, kube.Mention{Path: "of", Ref: c.Of})
		if c.Of.Kind != "" && c.Of.Check() != nil {
			p.At("of", "%s", c.Of.Check())
		}
		if !c.Logs && !p.Dynamic("logs") {
			p.At("of", "of says whose logs are kept; say logs: true as well")
		}
	}
	if p.Given("tail") && c.Tail < 1 && !p.Dynamic("tail") {
		p.At("tail", "tail: expected a number of lines, found %d", c.Tail)
	}
	if size, err := resource.ParseQuantity(c.MaxSize); c.MaxSize != "" && (err != nil || size.Value() < 1) {
		p.At("maxSize", "%q is not a size, expected a quantity such as 256Ki or 4Mi", c.MaxSize)
	}
}

func title(c *Config) string {
	var parts []string
	for _, ref := range c.Objects {
		parts = append(parts, ref.String())
	}
	if c.Logs {
		parts = append(parts, "logs")
	}
	return strings.Join(parts, ", ")
}
