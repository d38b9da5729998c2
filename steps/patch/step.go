// Package patch is the patch step: it changes parts of an object, its status included.
package patch

import (
	_ "embed"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

//go:embed README.md
var doc string

// Config is what an author writes.
type Config struct {
	Object       kube.Ref `yaml:"object" required:"true" doc:"The object to change, as kind/name or as a mapping." example:"deployment/web"`
	Type         string   `yaml:"type" enum:"merge,strategic,json,apply" doc:"How the patch is read: merge replaces lists, strategic merges the lists of built-in kinds, json is a list of operations, apply is server-side apply. Without it merge."`
	Patch        any      `yaml:"patch" required:"true" doc:"The patch, as YAML." example:"{spec: {paused: true}}"`
	Subresource  string   `yaml:"subresource" enum:"status,scale" doc:"Part of the object that has its own address. Without it the object itself."`
	ExpectChange bool     `yaml:"expectChange" doc:"Fail when the object was like that already."`
	Undo         string   `yaml:"undo" enum:"auto,keep" doc:"With keep the change stays after the scenario, unless it is in its own namespace."`
}

// Outputs are what later steps read.
type Outputs struct {
	Object  any           `expr:"object" doc:"The object after the patch."`
	Changed bool          `expr:"changed" doc:"The patch made a difference."`
	Took    time.Duration `expr:"took" doc:"Time that the step took."`
}

// New declares the step.
func New(env *kube.Env) step.Definition {
	s := steps{env}
	return step.Define(step.Spec[Config, Outputs]{
		Name:  "patch",
		Group: step.Cluster,
		Doc:   doc,
		Check: kube.Knowing(env, check),
		Title: func(c *Config) string { return c.Object.String() },
		Refine: func(c *Config, in *step.Place, t eval.Type) eval.Type {
			return t.With("object", "The object after the patch.", env.TypeOf(in, c.Object))
		},
		Touches: s.touches,
		Needs:   s.needs,
		Run:     s.run,
	})
}

func check(c *Config, p *step.Problems) {
	kube.Expect(p, kube.Mention{Path: "object", Ref: c.Object, Acts: true})
	if c.Object.Kind != "" && c.Object.Name == "" && !p.Dynamic("object.name") {
		p.At("object", "patch needs the name of one object, as in deployment/web")
	}
	if c.Type == "apply" && c.Subresource != "" {
		p.At("subresource", "a patch of type apply changes the object itself; use merge for its %s", c.Subresource)
	}
	fits(c, p)
	if c.Patch == nil {
		return
	}
	_, list := c.Patch.([]any)
	_, mapping := c.Patch.(map[string]any)
	switch {
	case c.Type == "json" && !list:
		p.At("patch", "a patch of type json is a list of operations, such as {op: replace, path: /spec/replicas, value: 3}")
	case c.Type != "json" && list:
		p.At("patch", "a list of operations is a patch of type json; say type: json")
	case c.Type != "json" && !mapping && !p.Dynamic("patch"):
		p.At("patch", "the patch must be a mapping with the parts of the object that change")
	}
}
