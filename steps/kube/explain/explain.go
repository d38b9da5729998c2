// Package explain says why something on a cluster is not as it should be: it follows owners down to pods, containers,
// their last words and the events about them, and it recognises states that waiting does not cure.
//
// It explains for people. Judging one object is the part of package ready.
package explain

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/ready"
)

const (
	// timeLimit bounds an explanation: the step has failed already and its reader waits.
	timeLimit = 5 * time.Second
	// podLimit is how many pods are shown; the others look the same.
	podLimit = 3
	// lineLimit is how long a line may be.
	lineLimit = 300
)

// Object explains the state of object from what is around it. It never fails: what can't be read becomes a line. It has
// its own time, because the context of a step that timed out is done.
func Object(ctx context.Context, target *kube.Target, object *unstructured.Unstructured) []step.Section {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), timeLimit)
	defer cancel()
	family := gather(ctx, target.In(object.GetNamespace()), object)
	sections := []step.Section{{Title: "state", Lines: family.tree(ctx)}}
	if lines := family.events(ctx); len(lines) > 0 {
		sections = append(sections, step.Section{Title: "events", Lines: lines})
	}
	return sections
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
	var lines []string
	for _, object := range objects {
		if len(lines) == 10 {
			lines = append(lines, fmt.Sprintf("and %d more", len(objects)-10))
			break
		}
		lines = append(lines, object.GetName())
	}
	if len(lines) == 0 {
		lines = []string{"none"}
	}
	return []step.Section{{Title: title, Lines: lines}}
}

// headline is what an object is and how it stands.
func headline(object *unstructured.Unstructured) string {
	judged := ready.Of(object)
	state := judged.Message
	switch {
	case judged.Ready:
		state = "ready"
	case object.GetKind() == "Pod" && len(ready.Containers(object)) > 0:
		// The containers follow, each with its own story.
		phase, _, _ := unstructured.NestedString(object.Object, "status", "phase")
		state = phase + ", not ready"
	}
	return clip(fmt.Sprintf("%s %s: %s", object.GetKind(), object.GetName(), state))
}

// podUID is what kubelets put behind the name of a pod; it helps nobody.
var podUID = regexp.MustCompile(`\([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\)`)

// clip keeps a line readable and on one line.
func clip(line string) string {
	line = podUID.ReplaceAllString(strings.Join(strings.Fields(line), " "), "")
	if runes := []rune(line); len(runes) > lineLimit {
		return string(runes[:lineLimit-1]) + "…"
	}
	return line
}

func indent(depth int, line string) string { return strings.Repeat("  ", depth) + line }
