// Package deploy is the deploy step: it applies Kubernetes objects from manifests and waits until they are ready. Reading
// manifests is the part of package manifest; what ready means is that of steps/kube.
package deploy

import (
	_ "embed"
	"fmt"
	"strings"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/manifest"
)

//go:embed README.md
var doc string

// Config is what an author writes.
type Config struct {
	Manifests   []string          `yaml:"manifests" single:"true" doc:"Files, folders and globs (** for any folders) with manifests, relative to the scenario's folder." example:"[manifests/web.yaml]" refers:"manifest"`
	Inline      []any             `yaml:"inline" single:"true" doc:"Objects written here, as mappings or as YAML text; strings may hold ${{ }}." refers:"manifest"`
	Kustomize   string            `yaml:"kustomize" doc:"Folder with a kustomization, relative to the scenario's folder." example:"overlays/test" refers:"folder"`
	Template    bool              `yaml:"template" doc:"Evaluate ${{ }} in the texts of manifest files too. Without it files are applied as they are."`
	Labels      map[string]string `yaml:"labels" doc:"Labels added to every object."`
	Annotations map[string]string `yaml:"annotations" doc:"Annotations added to every object."`
	WaitReady   bool              `yaml:"waitReady" doc:"Wait until every object is ready; true unless told otherwise."`
	Tolerate    []string          `yaml:"tolerate" single:"true" doc:"States in which the wait goes on although it is not likely to end well: jobFailed, podFailed, imagePull, containerConfig, unschedulable, quota, progressDeadline, stalled." example:"[imagePull]"`
	Undo        string            `yaml:"undo" enum:"auto,keep" doc:"With keep the objects stay after the scenario, unless they are in its own namespace."`
	Refused     string            `yaml:"refused" doc:"The server must refuse every object, with a message that holds this text. Nothing is stored." example:"violates PodSecurity"`

	written []manifest.Object // those in files that are known before the run
	origins []origin          // of these, in the same order
	unknown bool              // there are others
	texts   int               // inline objects of which nothing is known
}

// Outputs are what later steps read.
type Outputs struct {
	Objects  []Object      `expr:"objects" doc:"What was applied, in the order of application."`
	Count    int           `expr:"count" doc:"How many objects were applied."`
	Ready    bool          `expr:"ready" doc:"All objects were seen to be ready."`
	Object   any           `expr:"object" doc:"The last object that was applied, as the server returned it."`
	Refusals []string      `expr:"refusals" doc:"With refused, what the server said of each object."`
	Took     time.Duration `expr:"took" doc:"Time that the step took."`
}

// Object names an applied object.
type Object struct {
	Kind      string `expr:"kind" doc:"Kind of the object."`
	Name      string `expr:"name" doc:"Name of the object."`
	Namespace string `expr:"namespace" doc:"Namespace of the object, empty for kinds that have none."`
}

// New declares the step.
func New(env *kube.Env) step.Definition {
	s := steps{env, &manifest.Cache{}}
	return step.Define(step.Spec[Config, Outputs]{
		Name:    "deploy",
		Group:   step.Story,
		Doc:     doc,
		Default: func() Config { return Config{WaitReady: true} },
		Check:   s.check,
		Title:   title,
		Touches: s.touches,
		Needs:   s.needs,
		Refine: func(c *Config, in *step.Place, t eval.Type) eval.Type {
			return c.refine(env.Definitions(in), t)
		},
		Run: s.run,
	})
}

func title(c *Config) string {
	parts := append([]string{}, c.Manifests...)
	if c.Kustomize != "" {
		parts = append(parts, c.Kustomize)
	}
	if len(c.Inline) > 0 {
		parts = append(parts, objects(c.Inline))
	}
	return strings.Join(parts, ", ")
}

// mostNamed is how many inline objects a title names; more are counted.
const mostNamed = 2

// objects names inline objects: "Deployment web, Service web", or "3 objects".
func objects(inline []any) string {
	var names []string
	for _, value := range inline {
		object, _ := value.(map[string]any)
		metadata, _ := object["metadata"].(map[string]any)
		kind, _ := object["kind"].(string)
		name, _ := metadata["name"].(string)
		if kind != "" && name != "" {
			names = append(names, kind+" "+name)
		}
	}
	switch n := len(inline); {
	case len(names) == n && n <= mostNamed:
		return strings.Join(names, ", ")
	case n == 1:
		return "1 object"
	default:
		return fmt.Sprintf("%d objects", n)
	}
}
