// Package deletestep is the delete step: it removes objects and waits until they are gone.
package deletestep

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

//go:embed README.md
var doc string

// Config is what an author writes.
type Config struct {
	Objects       []kube.Ref     `yaml:"objects" required:"true" single:"true" shorthand:"true" doc:"What is deleted, as kind/name or as mappings with selectors." example:"[deployment/web, service/web]"`
	All           bool           `yaml:"all" doc:"A kind without name and selectors means all objects of the kind in the namespace."`
	Wait          bool           `yaml:"wait" doc:"Wait until the objects are gone; true unless told otherwise."`
	GracePeriod   *time.Duration `yaml:"gracePeriod" doc:"Time that pods get to end. Without it their own; 0s kills them."`
	Propagation   string         `yaml:"propagation" enum:"background,foreground,orphan" doc:"What happens to dependent objects: removed afterwards, removed first, or left. Without it background."`
	IgnoreMissing bool           `yaml:"ignoreMissing" doc:"It is fine when there is nothing to delete."`
	Undo          string         `yaml:"undo" enum:"auto,keep" doc:"With keep the objects are not made again at the end of the scenario."`
}

// Outputs are what later steps read.
type Outputs struct {
	Objects []Object      `expr:"objects" doc:"What was deleted."`
	Count   int           `expr:"count" doc:"How many objects were deleted."`
	Took    time.Duration `expr:"took" doc:"Time that the step took."`
}

// Object names a deleted object.
type Object struct {
	Kind      string `expr:"kind" doc:"Kind of the object."`
	Name      string `expr:"name" doc:"Name of the object."`
	Namespace string `expr:"namespace" doc:"Namespace of the object, empty for kinds that have none."`
}

// New declares the step.
func New(env *kube.Env) step.Definition {
	s := steps{env}
	return step.Define(step.Spec[Config, Outputs]{
		Name:    "delete",
		Group:   step.Cluster,
		Doc:     doc,
		Default: func() Config { return Config{Wait: true} },
		Check:   kube.Knowing(env, check),
		Title:   title,
		Touches: s.touches,
		Needs:   s.needs,
		Run:     s.run,
	})
}

func check(c *Config, p *step.Problems) {
	for i, ref := range c.Objects {
		if ref.Kind == "" {
			continue
		}
		at := fmt.Sprintf("objects.%d", i)
		kube.Expect(p, kube.Mention{Path: mention(p, at), Ref: ref, Acts: !c.IgnoreMissing})
		if err := ref.Check(); err != nil {
			p.At(at, "%s", err)
			continue
		}
		if everything(ref) && !c.All && !narrowed(p, "objects") && !narrowed(p, at) {
			p.At(at, "%q means all of them in the namespace; give a name or labels, or say all: true", ref)
		}
	}
}

// mention returns the path of a reference, which may be written without the list.
func mention(p *step.Problems, at string) string {
	if n := p.Node("objects"); n != nil && n.Kind != yaml.SequenceNode {
		return "objects"
	}
	return at
}

// everything reports whether a reference has nothing that narrows it.
func everything(ref kube.Ref) bool {
	return ref.Name == "" && ref.Selector == "" && len(ref.Labels) == 0 && ref.FieldSelector == ""
}

// narrowed reports whether the author gave a name or a selector there, though it may not be evaluated yet.
func narrowed(p *step.Problems, at string) bool {
	return slices.ContainsFunc([]string{"name", "selector", "labels", "fieldSelector"}, func(key string) bool {
		return p.Dynamic(at + "." + key)
	})
}

func title(c *Config) string {
	names := make([]string, len(c.Objects))
	for i, ref := range c.Objects {
		names[i] = ref.String()
	}
	return strings.Join(names, ", ")
}
