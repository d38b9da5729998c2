package scenario

import (
	"fmt"
	"slices"
	"strings"

	"github.com/scenario-runner/scenario-runner/engine/source"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

// safety takes over what the scenario demands of itself, and what it needs for itself.
func (c *compiler) safety(d document) {
	s := d.Safety
	c.scenario.Safety = step.Safety{
		Contexts: s.Contexts, ForbiddenNamespaces: s.ForbiddenNamespaces, RequireLabel: s.RequireLabel,
		MaxPods: s.MaxPods, MaxNodes: s.MaxNodes, MaxPercent: s.MaxPercent,
	}
	for _, limit := range []struct {
		field string
		value int
	}{{"maxPods", s.MaxPods}, {"maxNodes", s.MaxNodes}} {
		c.demand(limit.field, limit.value < 1, fmt.Sprintf("%s must be 1 or more, found %d; without it there is no limit", limit.field, limit.value))
	}
	c.demand("maxPercent", s.MaxPercent < 1 || s.MaxPercent > 100, fmt.Sprintf("maxPercent must be from 1 to 100, found %d", s.MaxPercent))
	key, _, pair := strings.Cut(s.RequireLabel, "=")
	c.demand("requireLabel", !pair || key == "", fmt.Sprintf("requireLabel is a label as key=value, such as chaos=allowed, found %q", s.RequireLabel))
	c.scenario.Locks = slices.Compact(slices.Sorted(slices.Values(c.located(d.Locks))))
	if locks, _ := source.Lookup(c.file.Root, "locks"); slices.Contains(d.Locks, "") {
		c.diags.Add(c.file.Range(locks), "invalid-value", "a lock needs a name, such as node/worker-1")
	}
}

// demand reports a field of safety that was given and is wrong.
func (c *compiler) demand(field string, wrong bool, message string) {
	section, _ := source.Lookup(c.file.Root, "safety")
	if at, _ := source.Lookup(section, field); at != nil && wrong {
		c.diags.Add(c.file.Range(at), "invalid-value", "%s", message)
	}
}
