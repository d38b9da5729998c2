package observe

import (
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// event is a Kubernetes event as expressions see it, whichever of the two event APIs wrote it.
type event struct {
	at    time.Time
	value map[string]any
	line  string
}

type reference struct{ kind, name string }

func involved(e *unstructured.Unstructured) reference {
	return reference{text(e, "involvedObject", "kind"), text(e, "involvedObject", "name")}
}

func text(e *unstructured.Unstructured, path ...string) string {
	s, _, _ := unstructured.NestedString(e.Object, path...)
	return s
}

func eventOf(e *unstructured.Unstructured) event {
	about := involved(e)
	last := timeOf(e, "series.lastObservedTime", "lastTimestamp", "eventTime", "metadata.creationTimestamp")
	value := map[string]any{
		"type": text(e, "type"), "reason": text(e, "reason"), "message": text(e, "message"),
		"object": about.kind + "/" + about.name, "kind": about.kind, "name": about.name,
		"count": occurrences(e), "at": last,
		"firstAt": timeOf(e, "firstTimestamp", "eventTime", "metadata.creationTimestamp"),
		"source":  reporter(e),
	}
	return event{at: last, value: value, line: eventLine(value)}
}

// eventLine writes an event for people.
func eventLine(value map[string]any) string {
	line := fmt.Sprintf("%s %s %s: %s", value["type"], value["reason"], value["object"], strings.TrimSpace(fmt.Sprint(value["message"])))
	if count, _ := value["count"].(int); count > 1 {
		line += fmt.Sprintf(" (%d times)", count)
	}
	return line
}

func occurrences(e *unstructured.Unstructured) int {
	for _, path := range [][]string{{"series", "count"}, {"count"}} {
		if n, found, _ := unstructured.NestedInt64(e.Object, path...); found && n > 0 {
			return int(n)
		}
	}
	return 1
}

func reporter(e *unstructured.Unstructured) string {
	if s := text(e, "reportingComponent"); s != "" {
		return s
	}
	return text(e, "source", "component")
}

// timeOf returns the first of some dotted paths that holds a time.
func timeOf(e *unstructured.Unstructured, paths ...string) time.Time {
	for _, path := range paths {
		if at, err := time.Parse(time.RFC3339Nano, text(e, strings.Split(path, ".")...)); err == nil {
			return at
		}
	}
	return time.Time{}
}
