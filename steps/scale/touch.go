package scale

import (
	"fmt"

	"github.com/scenario-runner/scenario-runner/engine/step"
)

// title shows a number that is not known yet as it is written.
func title(c *Config, w step.Written) string {
	return fmt.Sprintf("%s to %s", c.Object, wanted(c, w))
}

func wanted(c *Config, w step.Written) string {
	if text := w.Text("replicas"); text != "" {
		return text
	}
	return fmt.Sprint(c.Replicas)
}

func (s steps) touches(c, shown *Config, w step.Written) []step.Touch {
	touch := s.env.Touch(step.Changes, "scale", shown.Object)
	touch.What += " to " + wanted(c, w)
	touch.Stays = c.Undo == "keep"
	return []step.Touch{touch}
}
