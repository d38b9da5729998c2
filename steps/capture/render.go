package capture

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// lastApplied is where kubectl keeps whole manifests, the values of Secrets included.
const lastApplied = "kubectl.kubernetes.io/last-applied-configuration"

// clean returns a copy of an object without what nobody reads and without what nobody may read.
func clean(object *unstructured.Unstructured) *unstructured.Unstructured {
	copied := object.DeepCopy()
	copied.SetManagedFields(nil)
	if object.GetKind() != "Secret" || object.GroupVersionKind().Group != "" {
		return copied
	}
	unstructured.RemoveNestedField(copied.Object, "metadata", "annotations", lastApplied)
	for _, field := range []string{"data", "stringData"} {
		values, _, _ := unstructured.NestedMap(copied.Object, field)
		for key, value := range values {
			values[key] = hidden(fmt.Sprint(value), field == "data")
		}
		if values != nil {
			copied.Object[field] = values
		}
	}
	return copied
}

// hidden says how long a value is that is not shown.
func hidden(value string, encoded bool) string {
	if decoded, err := base64.StdEncoding.DecodeString(value); encoded && err == nil {
		value = string(decoded)
	}
	return fmt.Sprintf("(hidden, %d bytes)", len(value))
}

// render writes objects until the next one would make the file larger than limit, and returns how many it wrote.
func render(objects []*unstructured.Unstructured, format string, limit int) (content []byte, kept int, err error) {
	parts := make([][]byte, 0, len(objects))
	size := 0
	for _, object := range objects {
		part, err := one(object, format)
		if err != nil {
			return nil, 0, fmt.Errorf("write %s %s: %w", object.GetKind(), object.GetName(), err)
		}
		if size += len(part) + len("---\n"); size > limit {
			break
		}
		parts = append(parts, part)
	}
	missing := len(objects) - len(parts)
	if format == "json" {
		return renderJSON(parts, missing), len(parts), nil
	}
	content = bytes.Join(parts, []byte("---\n"))
	if missing > 0 {
		content = append(content, fmt.Sprintf("# %d more left out: the file would be larger than maxSize\n", missing)...)
	}
	return content, len(parts), nil
}

func one(object *unstructured.Unstructured, format string) ([]byte, error) {
	if format == "json" {
		return json.MarshalIndent(object.Object, "    ", "  ")
	}
	return yaml.Marshal(object.Object)
}

func renderJSON(parts [][]byte, missing int) []byte {
	var b bytes.Buffer
	b.WriteString("{\n  \"apiVersion\": \"v1\",\n  \"kind\": \"List\",\n")
	if missing > 0 {
		fmt.Fprintf(&b, "  \"leftOut\": %d,\n", missing)
	}
	b.WriteString("  \"items\": [")
	for i, part := range parts {
		if i > 0 {
			b.WriteString(",")
		}
		b.WriteString("\n    ")
		b.Write(part)
	}
	b.WriteString("\n  ]\n}\n")
	return b.Bytes()
}

// eventList writes events as lines in the order of their time; the oldest are left out where there are too many.
func eventList(events []*unstructured.Unstructured, limit int) (content []byte, cut bool) {
	sorted := slices.Clone(events)
	slices.SortStableFunc(sorted, func(a, b *unstructured.Unstructured) int { return cmp.Compare(timeOf(a), timeOf(b)) })
	lines, size := []string(nil), 0
	for _, event := range slices.Backward(sorted) {
		line := eventLine(event)
		if size += len(line); size > limit {
			lines = append(lines, fmt.Sprintf("# %d earlier events left out: the file would be larger than maxSize\n", len(sorted)-len(lines)))
			cut = true
			break
		}
		lines = append(lines, line)
	}
	slices.Reverse(lines)
	return []byte(strings.Join(lines, "")), cut
}

func eventLine(event *unstructured.Unstructured) string {
	text := func(path ...string) string {
		value, _, _ := unstructured.NestedString(event.Object, path...)
		return strings.ReplaceAll(value, "\n", " ")
	}
	about := "involvedObject"
	if event.GroupVersionKind().Group != "" {
		about = "regarding"
	}
	line := fmt.Sprintf("%s  %-7s  %s  %s/%s  %s", timeOf(event), text("type"), text("reason"), text(about, "kind"), text(about, "name"), cmp.Or(text("message"), text("note")))
	if count, _, _ := unstructured.NestedInt64(event.Object, "count"); count > 1 {
		line += fmt.Sprintf(" (%d times)", count)
	}
	return line + "\n"
}

// timeOf returns the latest time that an event tells, in a form that sorts.
func timeOf(event *unstructured.Unstructured) string {
	last := ""
	for _, path := range [][]string{{"series", "lastObservedTime"}, {"lastTimestamp"}, {"eventTime"}, {"deprecatedLastTimestamp"}, {"metadata", "creationTimestamp"}} {
		value, _, _ := unstructured.NestedString(event.Object, path...)
		last = cmp.Or(last, value)
	}
	return last
}
