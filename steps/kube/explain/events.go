package explain

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/scenario-runner/scenario-runner/steps/kube"
)

// eventLimit is how many events are shown.
const eventLimit = 8

// happening is one kind of event about one object, or about several pods, however often it came.
type happening struct {
	kind, reason, message string
	about                 []string
	count                 int64
	last                  string // RFC 3339, which sorts as text
}

// events returns what the cluster reported about the family and state does not say, warnings first and the newest last;
// and apart from these the others, such as that a pod was created.
func (f *family) events(ctx context.Context, state []string) (shown, others []string) {
	objects, err := f.target.List(ctx, kube.Ref{APIVersion: "v1", Kind: "events", Namespace: f.root.GetNamespace()})
	if err != nil {
		return []string{clip(fmt.Sprintf("events could not be read: %v", err))}, nil
	}
	return f.sorted(objects, state)
}

// sorted divides the events of the family among objects into those to show and the others.
func (f *family) sorted(objects []*unstructured.Unstructured, state []string) (shown, others []string) {
	members := map[types.UID]bool{}
	for _, member := range f.all() {
		members[member.GetUID()] = true
	}
	var found []happening
	for _, object := range objects {
		uid, _, _ := unstructured.NestedString(object.Object, "involvedObject", "uid")
		if members[types.UID(uid)] {
			found = f.merge(found, read(object))
		}
	}
	slices.SortStableFunc(found, func(a, b happening) int {
		return cmp.Or(strings.Compare(a.kind, b.kind)*-1, strings.Compare(a.last, b.last), strings.Compare(a.about[0], b.about[0]), strings.Compare(a.reason, b.reason))
	})
	said := f.unnamed(strings.Join(state, "\n"))
	var telling []happening
	for _, h := range found {
		if h.isRoutine() || f.repeats(h, said) {
			others = append(others, h.line(clip))
		} else {
			telling = append(telling, h)
		}
	}
	for i, h := range telling {
		if chosen(telling, i) {
			shown = append(shown, h.line(tidy))
		} else {
			others = append(others, h.line(clip))
		}
	}
	return shown, others
}

// chosen reports whether the event at i is shown: the newest warnings are, and where there is room the newest others.
func chosen(sorted []happening, i int) bool {
	warnings := 0
	for _, h := range sorted {
		if h.kind == "Warning" {
			warnings++
		}
	}
	if i < warnings {
		return i >= warnings-eventLimit
	}
	return i >= max(warnings, len(sorted)-max(0, eventLimit-warnings))
}

// isRoutine reports whether the event belongs to the life of any object.
func (h happening) isRoutine() bool {
	switch h.reason {
	case "SuccessfulCreate", "Scheduled", "Created", "Started", "Pulled", "Pulling":
		return h.kind == "Normal"
	case "ScalingReplicaSet":
		return strings.HasPrefix(h.message, "Scaled up")
	}
	return false
}

// repeats reports whether an event says no more than the state of the objects, where names of pods count for nothing.
func (f *family) repeats(h happening, said string) bool {
	switch h.reason {
	case "BackOff":
		return strings.Contains(said, "BackOff")
	case "OOMKilling":
		return strings.Contains(said, "OOMKilled")
	case "FailedScheduling":
		return strings.Contains(said, "Unschedulable")
	}
	if strings.HasPrefix(h.message, "Failed to pull image") || strings.HasPrefix(h.message, "Error: ImagePullBackOff") || strings.HasPrefix(h.message, "Error: ErrImagePull") {
		return strings.Contains(said, "ImagePull")
	}
	message := f.unnamed(tidy(h.message))
	for _, opening := range []string{"Error creating: ", "Error: "} {
		message = strings.TrimPrefix(message, opening)
	}
	return message != "" && strings.Contains(said, message)
}

// unnamed takes out what distinguishes the pods of a workload: the ends of their generated names.
func (f *family) unnamed(text string) string {
	if f.generated == nil {
		var names []string
		for _, member := range f.all() {
			if member.GetKind() != "Pod" {
				names = append(names, regexp.QuoteMeta(member.GetName()))
			}
		}
		if len(names) == 0 {
			return text
		}
		slices.SortFunc(names, func(a, b string) int { return cmp.Compare(len(b), len(a)) }) // the longest one that fits
		f.generated = regexp.MustCompile(`\b(` + strings.Join(names, "|") + `)-([a-z0-9]{5}|[0-9]+)\b`)
	}
	return f.generated.ReplaceAllString(text, "$1-…")
}

func read(object *unstructured.Unstructured) happening {
	text := func(path ...string) string {
		value, _, _ := unstructured.NestedString(object.Object, path...)
		return value
	}
	number := func(path ...string) int64 {
		value, _, _ := unstructured.NestedInt64(object.Object, path...)
		return value
	}
	return happening{
		kind: text("type"), reason: text("reason"), message: text("message"),
		about: []string{text("involvedObject", "kind") + " " + text("involvedObject", "name")},
		count: max(1, number("count"), number("series", "count")),
		last:  cmp.Or(text("series", "lastObservedTime"), text("lastTimestamp"), text("eventTime"), text("metadata", "creationTimestamp")),
	}
}

// merge adds an event to those that differ from it in the names of pods at most.
func (f *family) merge(found []happening, h happening) []happening {
	for i := range found {
		old := &found[i]
		if old.kind != h.kind || old.reason != h.reason || f.unnamed(old.message) != f.unnamed(h.message) || f.unnamed(old.about[0]) != f.unnamed(h.about[0]) {
			continue
		}
		old.count += h.count
		if h.last > old.last {
			old.last, old.message = h.last, h.message
		}
		if !slices.Contains(old.about, h.about[0]) {
			old.about = append(old.about, h.about[0])
		}
		return found
	}
	return append(found, h)
}

// line is "Warning BackOff ×12, Pod web-5d: Back-off restarting failed container".
func (h happening) line(shorten func(string) string) string {
	times, about := "", h.about[0]
	if h.count > 1 {
		times = fmt.Sprintf(" ×%d", h.count)
	}
	if len(h.about) > 1 {
		about = fmt.Sprintf("%d pods", len(h.about))
	}
	return shorten(fmt.Sprintf("%s %s%s, %s: %s", h.kind, h.reason, times, about, h.message))
}
