package rollout

import "github.com/scenario-runner/scenario-runner/engine/step"

// touches says what happens to the workload; looking at the status of its rollout changes nothing.
func (s steps) touches(c, shown *Config, _ step.Written) []step.Touch {
	if c.Action == status {
		return nil
	}
	verb := map[string]string{restart: "restart", undo: "roll back", pause: "pause", resume: "resume"}[c.Action]
	if verb == "" {
		verb = "roll out" // the action is not known yet
	}
	touch := s.env.Touch(step.Changes, verb, shown.Object)
	touch.Stays = c.Undo == "keep"
	return []step.Touch{touch}
}
