package deletestep

import "github.com/scenario-runner/scenario-runner/engine/step"

// needs returns the rights to remove the objects, to see them gone and to make them again.
func (s steps) needs(c, shown *Config, in *step.Place, _ step.Written) []step.Right {
	r := s.env.Rights(in)
	for _, ref := range shown.Objects {
		r.For("delete "+ref.String()).Delete(ref, c.Undo == "keep")
		if c.Wait {
			r.Follow(ref)
		}
	}
	return r.List()
}
