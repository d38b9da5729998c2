package kube

import (
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube/kinds"
)

// Planned is an object that a scenario puts onto the cluster, as far as it is known before the run.
type Planned struct {
	*unstructured.Unstructured
	At diag.Range // where it is written
	// Elsewhere says that it goes to another place than the scenario's own namespace.
	Elsewhere bool
}

// Scene is what a file says about the objects that there will be in the scenario's own namespace. It is filled while
// steps are checked, and complete at the end of the file.
type Scene struct {
	known   *kinds.Definitions // nil while nobody plans anything
	planned []Planned
	open    bool // there may be objects that nobody knows of before the run
}

type sceneKey struct{}

// SceneOf returns the scene of the file in which a use stands.
func SceneOf(in *step.Place) *Scene {
	scene, _ := in.Shared(sceneKey{}, func() any { return &Scene{} }).(*Scene)
	return scene
}

// Plan adds an object. known are the kinds of the file.
func (s *Scene) Plan(known *kinds.Definitions, p Planned) {
	s.known = known
	s.planned = append(s.planned, p)
}

// Open says that there may be objects that are not known before the run.
func (s *Scene) Open() { s.open = true }

// Planned lists the objects in the order in which they are written.
func (s *Scene) Planned() []Planned { return slices.Clone(s.planned) }

// makers are kinds of steps that can make objects of which nobody knows before the run.
func makers() []string { return []string{"run", "startProcess", "exec", "use"} }

// Certain reports whether the scene holds all that the scenario makes. What a system under test makes by itself is never
// known.
func (s *Scene) Certain(whole step.Whole) bool {
	return whole.Owned && !whole.Broken && !s.open && !mayMake(whole)
}

func mayMake(whole step.Whole) bool {
	return slices.ContainsFunc(whole.Kinds, func(kind string) bool { return slices.Contains(makers(), kind) })
}

// of returns the objects of a kind in the scenario's own namespace.
func (s *Scene) of(kind *kinds.Kind) []Planned {
	var out []Planned
	for _, p := range s.planned {
		if k, ok := s.known.Find(p.GetAPIVersion(), p.GetKind()); ok && k.Group == kind.Group && k.Name == kind.Name && !p.Elsewhere {
			out = append(out, p)
		}
	}
	return out
}

// podLabels returns the labels of the pods that an object makes, nil when it makes none.
func podLabels(p Planned) labels.Set {
	var path []string
	switch p.GetKind() {
	case "Pod":
		return p.GetLabels()
	case "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "ReplicationController":
		path = []string{"spec", "template", "metadata", "labels"}
	case "CronJob":
		path = []string{"spec", "jobTemplate", "spec", "template", "metadata", "labels"}
	default:
		return nil
	}
	found, _, _ := unstructured.NestedStringMap(p.Object, path...)
	return found
}

// Templates returns the labels of all pod templates in the scenario's own namespace.
func (s *Scene) Templates() []labels.Set {
	var out []labels.Set
	for _, p := range s.planned {
		if set := podLabels(p); set != nil && !p.Elsewhere {
			out = append(out, set)
		}
	}
	return out
}

// containers returns the names of the containers of a workload or pod, none when they are not known.
func containers(p Planned) []string {
	spec := []string{"spec", "template", "spec"}
	switch p.GetKind() {
	case "Pod":
		spec = []string{"spec"}
	case "CronJob":
		spec = []string{"spec", "jobTemplate", "spec", "template", "spec"}
	}
	var names []string
	for _, list := range []string{"containers", "initContainers"} {
		found, _, _ := unstructured.NestedSlice(p.Object, append(slices.Clone(spec), list)...)
		for _, item := range found {
			if c, ok := item.(map[string]any); ok {
				name, _ := c["name"].(string)
				names = append(names, name)
			}
		}
	}
	return names
}
