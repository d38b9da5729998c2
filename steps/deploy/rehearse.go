package deploy

import (
	"context"
	"maps"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/source"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

// origin is an object with its places: where it begins, and where the step names it.
type origin struct {
	written
	at, named diag.Range
}

// rehearsal returns what has the server check an object without storing it. It is nil when a part of the object is only
// known in the run.
func (s steps) rehearsal(c *Config, o origin) func(context.Context, *step.Run) (diag.List, error) {
	if o.dynamic && o.node != nil && holdsExpression(o.node) || strings.Contains(o.GetName()+o.GetNamespace(), "${{") {
		return nil
	}
	return func(ctx context.Context, run *step.Run) (diag.List, error) {
		object := &unstructured.Unstructured{Object: maps.Clone(o.Object)}
		said, err := s.env.Rehearse(ctx, run, object)
		if said == nil {
			return nil, err
		}
		at := o.at
		if o.node != nil {
			at = o.written.at(o.field(said.Field))
		}
		var found diag.List
		d := found.Add(at, "server-refuses", "the server would refuse %s/%s: %s", strings.ToLower(o.GetKind()), o.GetName()+o.GetGenerateName(), said.Message)
		if o.apart {
			d.Note(o.named, "the file is named here")
		}
		return found, nil
	}
}

// field returns the node that a server names by its path, such as spec.containers[0].image, or the nearest one around it.
func (o written) field(path string) *yaml.Node {
	n := o.node
	for _, part := range strings.FieldsFunc(path, func(r rune) bool { return r == '.' || r == '[' || r == ']' }) {
		next, _ := source.Lookup(n, part)
		if i, err := strconv.Atoi(part); err == nil && n.Kind == yaml.SequenceNode && i < len(n.Content) {
			next = n.Content[i]
		}
		if next == nil {
			return n
		}
		n = source.Follow(next)
	}
	return n
}
