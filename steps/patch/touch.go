package patch

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/scenario-runner/scenario-runner/engine/step"
)

// mostFields is how many changed fields a plan names; more are counted.
const mostFields = 3

// touches says which fields of which object change.
func (s steps) touches(c, shown *Config, _ step.Written) []step.Touch {
	touch := s.env.Touch(step.Changes, "patch", shown.Object)
	touch.Stays = c.Undo == "keep"
	paths := fields(c.Patch, "")
	if len(paths) > mostFields {
		paths = append(paths[:mostFields], fmt.Sprintf("%d more fields", len(paths)-mostFields))
	}
	if c.Subresource != "" {
		touch.What += ", its " + c.Subresource
	}
	if len(paths) > 0 {
		touch.What += ": " + strings.Join(paths, ", ")
	}
	return []step.Touch{touch}
}

// fields lists the paths that a patch sets, as far as they are known.
func fields(patch any, path string) []string {
	switch v := patch.(type) {
	case map[string]any:
		var out []string
		for _, key := range slices.Sorted(maps.Keys(v)) {
			out = append(out, fields(v[key], below(path, key))...)
		}
		return out
	case []any:
		if path == "" { // operations of a JSON patch
			var out []string
			for _, item := range v {
				operation, _ := item.(map[string]any)
				if at, ok := operation["path"].(string); ok {
					out = append(out, at)
				}
			}
			return out
		}
	}
	if path == "" {
		return nil
	}
	return []string{path}
}

func below(path, key string) string {
	switch {
	case strings.ContainsAny(key, "./"):
		return fmt.Sprintf("%s[%q]", path, key)
	case path == "":
		return key
	}
	return path + "." + key
}
