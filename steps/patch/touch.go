package patch

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

// mostFields is how many changed fields a plan names; more are counted.
const mostFields = 3

// touches says which fields of which object change.
func (s steps) touches(c, shown *Config, w step.Written) []step.Touch {
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
	touch.Rehearse = s.rehearsal(c, w)
	return []step.Touch{touch}
}

// rehearsal returns what has the server check the patch without making it. It is nil when a part of it is only known in
// the run.
func (s steps) rehearsal(c *Config, w step.Written) func(context.Context, *step.Run) (diag.List, error) {
	if w.Dynamic("object") || w.Dynamic("patch") || c.Type == "apply" {
		return nil
	}
	return func(ctx context.Context, run *step.Run) (diag.List, error) {
		said, err := s.env.RehearsePatch(ctx, run, c.Object, kube.Patch{Type: kube.PatchType(c.Type), Body: c.Patch, Subresource: c.Subresource})
		if said == nil {
			return nil, err
		}
		var found diag.List
		found.Add(w.Range(w.Value("patch")), "server-refuses", "the server would refuse the patch of %s: %s", c.Object, said.Message)
		return found, nil
	}
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
