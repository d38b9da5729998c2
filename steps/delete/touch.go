package deletestep

import "github.com/scenario-runner/scenario-runner/engine/step"

func (s steps) touches(c, shown *Config, _ step.Written) []step.Touch {
	var out []step.Touch
	for _, ref := range shown.Objects {
		touch := s.env.Touch(step.Removes, "delete", ref)
		if everything(ref) {
			touch.What = "all " + touch.What
		}
		touch.Stays = c.Undo == "keep"
		out = append(out, touch)
	}
	return out
}
