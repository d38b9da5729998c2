package builtin

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// edit is a change of one field, exact enough to be taken back.
type edit struct {
	// Path leads to the field. "[name=app]" picks the element of a list whose field has this value; there may be more of
	// them, as in "[key=a,effect=b]".
	Path   []string `json:"path"`
	Before any      `json:"before,omitempty"`
	Had    bool     `json:"had"` // the field existed before
	After  any      `json:"after"`
	// Secret says that the value is never written down: only its beginning, which is ours, is put before it and taken away.
	Secret string `json:"secret,omitempty"`
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
			// What somebody puts there in between must not be lost.
			_, version, _ := locate(content, []string{"metadata", "resourceVersion"})
			out = append(out, operation{"test", "/metadata/resourceVersion", version}, operation{"add", parent, empty(e.Path[i])})
		}
	}
	if picks(e.Path[len(e.Path)-1]) {
		list, _, _ := locate(content, e.Path[:len(e.Path)-1])
		pointer = list + "/-"
	}
	return append(out, operation{"add", pointer, e.After})
}

// empty returns what holds the field that a segment of a path leads to.
func empty(segment string) any {
	if picks(segment) {
		return []any{}
	}
	return map[string]any{}
}

// picks reports whether a segment of a path picks an element of a list.
func picks(segment string) bool { return strings.HasPrefix(segment, "[") }

// revert returns the operations that take the edit back; none when our value does not stand there any more.
func (e edit) revert(content map[string]any) []operation {
	pointer, value, there := locate(content, e.Path)
	if !there && e.Omitted {
		// A test of what is not there fails, so the age of the whole object is tested instead.
		_, version, _ := locate(content, []string{"metadata", "resourceVersion"})
		return []operation{{"test", "/metadata/resourceVersion", version}, {"add", pointer, e.Before}}
	}
	if e.Secret != "" {
		return e.uncover(pointer, value)
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

// cover returns the edit that puts text before a secret value, which itself is kept nowhere.
func cover(content map[string]any, text string, path ...string) (edit, error) {
	_, before, had := locate(content, path)
	encoded, _ := before.(string)
	plain, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil || !had {
		return edit{}, fmt.Errorf("the value of %q is not what a secret holds", path[len(path)-1])
	}
	after := base64.StdEncoding.EncodeToString(append([]byte(text), plain...))
	return edit{Path: path, Before: before, Had: true, After: after, Secret: text}, nil
}

// uncover returns the operations that take our text away from before a secret value, if it still stands there.
func (e edit) uncover(pointer string, value any) []operation {
	encoded, _ := value.(string)
	covered, err := base64.StdEncoding.DecodeString(encoded)
	plain, ours := bytes.CutPrefix(covered, []byte(e.Secret))
	if err != nil || !ours {
		return nil
	}
	return []operation{{"test", pointer, value}, {"replace", pointer, base64.StdEncoding.EncodeToString(plain)}}
}

// recorded returns the edit as the ledger keeps it: without what is secret.
func (e edit) recorded() edit {
	if e.Secret != "" {
		e.Before, e.After = nil, nil
	}
	return e
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
			index := slices.IndexFunc(parent, func(item any) bool { return picked(item, part) })
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

// picked reports whether an element of a list has the fields that a segment of a path asks for.
func picked(item any, segment string) bool {
	entry, ok := item.(map[string]any)
	if !ok || !picks(segment) {
		return false
	}
	for _, pair := range strings.Split(strings.Trim(segment, "[]"), ",") {
		key, wanted, _ := strings.Cut(pair, "=")
		if value, _ := entry[key].(string); value != wanted {
			return false
		}
	}
	return true
}

// same compares values as JSON, because numbers lose their Go type on the way through the ledger.
func same(a, b any) bool {
	left, leftErr := json.Marshal(a)
	right, rightErr := json.Marshal(b)
	return leftErr == nil && rightErr == nil && string(left) == string(right)
}
