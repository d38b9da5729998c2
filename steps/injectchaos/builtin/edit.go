package builtin

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// edit is a change of one field, exact enough to be taken back.
type edit struct {
	// Path leads to the field. "[name=app]" picks the element of a list that has this name.
	Path   []string `json:"path"`
	Before any      `json:"before,omitempty"`
	Had    bool     `json:"had"` // the field existed before
	After  any      `json:"after"`
	// Omitted says that the server leaves the field out when it is After, as it does with a scale of 0.
	Omitted bool `json:"omitted,omitempty"`
}

// operation is one operation of a JSON patch.
type operation struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value"`
}

// prepare returns the edit that sets the field at path of content to after.
func prepare(content map[string]any, after any, path ...string) edit {
	_, before, had := locate(content, path)
	return edit{Path: path, Before: before, Had: had, After: after}
}

// apply returns the operations that make the edit on content; they fail if the field is no longer what it was.
func (e edit) apply(content map[string]any) []operation {
	pointer, _, _ := locate(content, e.Path)
	if e.Had {
		return []operation{{"test", pointer, e.Before}, {"replace", pointer, e.After}}
	}
	var out []operation
	for i := 1; i < len(e.Path); i++ {
		if parent, _, there := locate(content, e.Path[:i]); !there {
			out = append(out, operation{"add", parent, map[string]any{}})
		}
	}
	return append(out, operation{"add", pointer, e.After})
}

// revert returns the operations that take the edit back; none when our value does not stand there any more.
func (e edit) revert(content map[string]any) []operation {
	pointer, value, there := locate(content, e.Path)
	if !there && e.Omitted {
		// A test of what is not there fails, so the age of the whole object is tested instead.
		_, version, _ := locate(content, []string{"metadata", "resourceVersion"})
		return []operation{{"test", "/metadata/resourceVersion", version}, {"add", pointer, e.Before}}
	}
	if !there || !same(value, e.After) {
		return nil
	}
	test := operation{"test", pointer, value}
	if e.Had {
		return []operation{test, {"replace", pointer, e.Before}}
	}
	return []operation{test, {Op: "remove", Path: pointer}}
}

// locate follows a path and returns its JSON pointer, and the value if there is one.
func locate(content map[string]any, path []string) (pointer string, value any, found bool) {
	var b strings.Builder
	value, found = content, true
	for _, part := range path {
		segment := part
		switch parent := value.(type) {
		case map[string]any:
			value, found = parent[part]
		case []any:
			index := slices.IndexFunc(parent, func(item any) bool { return named(item, part) })
			if found = index >= 0; found {
				segment, value = strconv.Itoa(index), parent[index]
			}
		default:
			found = false
		}
		if !found {
			value = nil
		}
		b.WriteString("/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(segment))
	}
	return b.String(), value, found
}

// byName is the path segment for the element of a list that has a name.
func byName(name string) string { return fmt.Sprintf("[name=%s]", name) }

func named(item any, segment string) bool {
	entry, ok := item.(map[string]any)
	name, _ := entry["name"].(string)
	return ok && byName(name) == segment
}

// same compares values as JSON, because numbers lose their Go type on the way through the ledger.
func same(a, b any) bool {
	left, leftErr := json.Marshal(a)
	right, rightErr := json.Marshal(b)
	return leftErr == nil && rightErr == nil && string(left) == string(right)
}
