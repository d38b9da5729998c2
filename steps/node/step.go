// Package node is the node step: it cordons, drains, taints and labels nodes, and restores exactly what it changed. What
// makes nodes fail is the part of injectchaos.
package node

import (
	_ "embed"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	drained "github.com/scenario-runner/scenario-runner/steps/kube/drain"
)

//go:embed README.md
var doc string

// The actions.
const (
	cordon   = "cordon"
	uncordon = "uncordon"
	drain    = "drain"
	taint    = "taint"
	label    = "label"
)

// Config is what an author writes.
type Config struct {
	Action         string            `yaml:"action" required:"true" enum:"cordon,uncordon,drain,taint,label" doc:"What is done with the nodes." example:"drain"`
	Name           []string          `yaml:"name" single:"true" doc:"Names of the nodes." example:"sandbox-0"`
	Selector       string            `yaml:"selector" doc:"Label selector of the nodes, as in topology.kubernetes.io/zone=a."`
	Of             kube.Ref          `yaml:"of" doc:"The nodes on which the pods of this run: a pod, pods by labels, or a workload." example:"deployment/web"`
	Count          int               `yaml:"count" doc:"How many of the nodes at most, the first ones by name; all if not given."`
	Taints         []Taint           `yaml:"taints" single:"true" doc:"Taints to set, as key=value:Effect or key:Effect, or as mappings." example:"[dedicated=database:NoSchedule]"`
	Labels         map[string]string `yaml:"labels" doc:"Labels to set." example:"{disk: ssd}"`
	Remove         []string          `yaml:"remove" single:"true" doc:"Keys of labels to remove; for taints key or key:Effect."`
	Force          bool              `yaml:"force" doc:"Drain also pods that no controller makes again; the undo makes them again."`
	DeleteEmptyDir bool              `yaml:"deleteEmptyDir" doc:"Drain also pods with emptyDir volumes, whose data is lost."`
	GracePeriod    *time.Duration    `yaml:"gracePeriod" doc:"Time that pods get to end; their own if not given." example:"10s"`
	Wait           bool              `yaml:"wait" doc:"Wait until the evicted pods are gone; true unless told otherwise."`
	Undo           string            `yaml:"undo" enum:"auto,keep" doc:"With keep the change stays after the scenario."`
}

// Outputs are what later steps read.
type Outputs struct {
	Nodes   []string      `expr:"nodes" doc:"The nodes that were meant, sorted."`
	Changed []string      `expr:"changed" doc:"Those of the nodes that were not like that already."`
	Evicted []Pod         `expr:"evicted" doc:"Pods that a drain has evicted."`
	Left    []Pod         `expr:"left" doc:"Pods that a drain has left on the nodes, with the reason."`
	Took    time.Duration `expr:"took" doc:"Time that the step took."`
}

// Pod is a pod of a node that is drained.
type Pod = drained.Pod

// New declares the step.
func New(env *kube.Env) step.Definition {
	s := steps{env}
	return step.Define(step.Spec[Config, Outputs]{
		Name:    "node",
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

// Undos are the undos of changes of nodes.
func Undos(env *kube.Env) []step.Undo { return []step.Undo{revertUndo(env)} }
