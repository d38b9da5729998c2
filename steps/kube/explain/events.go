package explain

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/scenario-runner/scenario-runner/steps/kube"
)

// eventLimit is how many events are shown.
const eventLimit = 8

// happening is one kind of event about one object, however often it came.
type happening struct {
	kind, reason, about, message string
	count                        int64
	last                         string // RFC 3339, which sorts as text
}

// events returns what the cluster reported about the family: warnings first, the newest last, each once.
func (f *family) events(ctx context.Context) []string {
	objects, err := f.target.List(ctx, kube.Ref{APIVersion: "v1", Kind: "events", Namespace: f.root.GetNamespace()})
	if err != nil {
		return []string{clip(fmt.Sprintf("events could not be read: %v", err))}
	}
	members := f.members()
	var found []happening
	for _, object := range objects {
		uid, _, _ := unstructured.NestedString(object.Object, "involvedObject", "uid")
		if members[types.UID(uid)] {
			found = merge(found, read(object))
		}
	}
	slices.SortStableFunc(found, func(a, b happening) int {
		return cmp.Or(strings.Compare(a.last, b.last), strings.Compare(a.about, b.about), strings.Compare(a.reason, b.reason))
	})
	var lines []string
	for _, h := range latest(found) {
		lines = append(lines, h.String())
	}
	return lines
}

// latest picks the newest warnings and fills up with other events.
func latest(found []happening) []happening {
	var warnings, others []happening
	for _, h := range found {
		if h.kind == "Warning" {
			warnings = append(warnings, h)
		} else {
			others = append(others, h)
		}
	}
	warnings = warnings[max(0, len(warnings)-eventLimit):]
	room := min(eventLimit-len(warnings), 3)
	return append(warnings, others[max(0, len(others)-room):]...)
}

// members are the uids of the whole family.
func (f *family) members() map[types.UID]bool {
	out := map[types.UID]bool{f.root.GetUID(): true}
	queue := []types.UID{f.root.GetUID()}
	for len(queue) > 0 {
		uid := queue[0]
		queue = queue[1:]
		for _, child := range f.children[uid] {
			if !out[child.GetUID()] {
				out[child.GetUID()] = true
				queue = append(queue, child.GetUID())
			}
		}
	}
	return out
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
		about: text("involvedObject", "kind") + " " + text("involvedObject", "name"),
		count: max(1, number("count"), number("series", "count")),
		last:  cmp.Or(text("series", "lastObservedTime"), text("lastTimestamp"), text("eventTime"), text("metadata", "creationTimestamp")),
	}
}

func merge(found []happening, h happening) []happening {
	for i := range found {
		old := &found[i]
		if old.kind == h.kind && old.reason == h.reason && old.message == h.message && old.about == h.about {
			old.count += h.count
			old.last = max(old.last, h.last)
			return found
		}
	}
	return append(found, h)
}

// String is "Warning BackOff ×12, Pod web-5d: Back-off restarting failed container".
func (h happening) String() string {
	times := ""
	if h.count > 1 {
		times = fmt.Sprintf(" ×%d", h.count)
	}
	return clip(fmt.Sprintf("%s %s%s, %s: %s", h.kind, h.reason, times, h.about, h.message))
}
