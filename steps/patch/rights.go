package patch

import "github.com/scenario-runner/scenario-runner/engine/step"

// needs returns the rights to read the object, to change it and to bring it back.
func (s steps) needs(c, shown *Config, in *step.Place, _ step.Written) []step.Right {
	r := s.env.Rights(in).For("patch "+shown.Object.String()).Add(shown.Object, "", "get")
	if c.Type == "apply" {
		return r.Apply(shown.Object, c.Undo == "keep").List()
	}
	return r.Patch(shown.Object, c.Subresource, c.Undo == "keep").List()
}
