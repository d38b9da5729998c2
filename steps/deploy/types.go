package deploy

import (
	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/steps/kube/kinds"
)

// refine says of which kind the output object is when all objects
// are known before the run.
func (c *Config) refine(known *kinds.Definitions, t eval.Type) eval.Type {
	objects := c.written
	all := !c.unknown
	if groups := inOrder(objects); all && len(groups) > 0 {
		group := groups[len(groups)-1]
		last := group[len(group)-1]
		f, _ := t.Field("object")
		t = t.With("object", f.Doc, known.Type(last.GetAPIVersion(), last.GetKind()))
	}
	return t
}
