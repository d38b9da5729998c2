package scale

import "github.com/scenario-runner/scenario-runner/engine/step"

// needs returns the rights to read and set the number of replicas, and to wait for them.
func (s steps) needs(c, shown *Config, in *step.Place, _ step.Written) []step.Right {
	r := s.env.Rights(in).For("scale "+shown.Object.String()).Add(shown.Object, "scale", "get").Patch(shown.Object, "scale", c.Undo == "keep")
	if c.WaitReady {
		r.Ready(shown.Object)
	}
	return r.List()
}
