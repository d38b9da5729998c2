// Package explain says why something on a cluster is not as it should be: it follows owners down to pods, containers,
// their last words and the events about them, and it recognises states that waiting does not cure.
//
// It explains for people. Judging one object is the part of package ready.
package explain

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/ready"
)

const (
	// timeLimit bounds an explanation: the step has failed already and its reader waits.
	timeLimit = 5 * time.Second
	// podLimit is how many pods, or groups of pods that say the same, are shown.
	podLimit = 3
)

// Story is what is to be said of an object that is not as it should be.
type Story struct {
	// Cause is what is seen of the sickest of its pods, "" when no pod says why.
	Cause    string
	Sections []step.Section
}

// Object explains the state of object from what is around it.
func Object(ctx context.Context, target *kube.Target, object *unstructured.Unstructured) []step.Section {
	return Tell(ctx, target, object).Sections
}

// Tell explains the state of object from what is around it. It never fails: what can't be read becomes a line. It has
// its own time, because the context of a step that timed out is done. Of an object that is as it should be, there is
// nothing to tell but details.
func Tell(ctx context.Context, target *kube.Target, object *unstructured.Unstructured) Story {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), timeLimit)
	defer cancel()
	family := gather(ctx, target.In(object.GetNamespace()), object)
	state := step.Section{Title: "state", Lines: family.tree(ctx), Detail: family.well()}
	story := Story{Cause: family.cause()}
	if !state.Detail || len(state.Lines) > 1 {
		story.Sections = append(story.Sections, state)
	}
	shown, others := family.events(ctx, state.Lines)
	if len(shown) > 0 {
		story.Sections = append(story.Sections, step.Section{Title: "events", Lines: shown})
	}
	if len(others) > 0 {
		story.Sections = append(story.Sections, step.Section{Title: "other events", Lines: others, Detail: true})
	}
	return story
}

// Missing explains that an object does not exist by naming those that do.
func Missing(ctx context.Context, target *kube.Target, ref kube.Ref) []step.Section {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), timeLimit)
	defer cancel()
	query, err := target.Query(ctx, kube.Ref{APIVersion: ref.APIVersion, Kind: ref.Kind, Namespace: ref.Namespace})
	if err != nil {
		return []step.Section{{Title: "state", Lines: []string{clip(err.Error())}}}
	}
	title := query.Mapping.Resource
	if query.Namespace != "" {
		title += " in namespace " + query.Namespace
	}
	objects, err := target.List(ctx, kube.Ref{APIVersion: ref.APIVersion, Kind: ref.Kind, Namespace: ref.Namespace})
	if err != nil {
		return []step.Section{{Title: title, Lines: []string{clip(err.Error())}}}
	}
	lines := Names(objects, selected(ref)...)
	if len(lines) == 0 {
		lines = []string{"none"}
	}
	return []step.Section{{Title: title, Lines: lines}}
}

// namesLimit is how many objects are named.
const namesLimit = 10

// Names lists objects, each with the labels that are asked for.
func Names(objects []*unstructured.Unstructured, labels ...string) []string {
	var lines []string
	for i, object := range objects {
		if i == namesLimit {
			return append(lines, fmt.Sprintf("and %d more", len(objects)-namesLimit))
		}
		line := object.GetName()
		separator := "  "
		for _, name := range labels {
			value, found := object.GetLabels()[name]
			if !found {
				value = "(no such label)"
			}
			line += separator + name + "=" + value
			separator = ","
		}
		lines = append(lines, line)
	}
	return lines
}

// selected returns the names of the labels that a reference selects by.
func selected(ref kube.Ref) []string {
	names := slices.Collect(maps.Keys(ref.Labels))
	if selector, err := labels.Parse(ref.Selector); err == nil {
		requirements, _ := selector.Requirements()
		for _, requirement := range requirements {
			names = append(names, requirement.Key())
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// standing says how an object stands.
func standing(object *unstructured.Unstructured) string {
	judged := ready.Of(object)
	switch {
	case object.GetDeletionTimestamp() != nil:
		return "being deleted"
	case judged.Ready:
		return "ready"
	case object.GetKind() == "Pod" && len(ready.Containers(object)) > 0:
		// The containers follow, each with its own story.
		phase, _, _ := unstructured.NestedString(object.Object, "status", "phase")
		return phase + ", not ready"
	}
	return tidy(judged.Message)
}

func indent(depth int, line string) string { return strings.Repeat("  ", depth) + line }
