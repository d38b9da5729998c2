package scenario

import (
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/scenario-runner/scenario-runner/engine/source"
)

// abortNode returns the list of steps under safety.abort, nil when there is none.
func abortNode(root *yaml.Node) *yaml.Node {
	safety, _ := source.Lookup(root, "safety")
	abort, _ := source.Lookup(safety, "abort")
	return source.Follow(abort)
}

// topList returns the list of steps at the top of a file that a path leads into, and the rest of the path. It is nil for
// paths that lead into none.
func topList(root *yaml.Node, path []string) (list *yaml.Node, rest []string) {
	switch {
	case len(path) > 1 && path[0] == "safety" && path[1] == "abort":
		return abortNode(root), path[2:]
	case len(path) > 0 && (path[0] == "steps" || path[0] == "finally"):
		list, _ = source.Lookup(root, path[0])
		return list, path[1:]
	}
	return nil, path
}

// guard puts what stands under safety.abort before the story: it watches from the first step on. Steps that would end by
// themselves are none that could.
func (c *compiler) guard(abort *Block) {
	var companions []string
	for _, d := range c.loader.registry.Steps {
		if d.Companion {
			companions = append(companions, d.Name)
		}
	}
	if n := abortNode(c.file.Root); n != nil && n.Kind == yaml.SequenceNode {
		for _, item := range n.Content {
			if d := c.nodes[source.Follow(item)]; d != nil && d.definition != nil && !d.definition.Companion {
				c.diags.Add(d.at, "invalid-value", "abort: %s ends by itself; what watches the whole scenario is %s", d.kind, strings.Join(companions, " or "))
			}
		}
	}
	for _, s := range c.scenario.Steps.Steps {
		if len(s.After) == 0 && len(s.AfterStart) == 0 {
			s.AfterStart = abort.Steps
		}
	}
	c.scenario.Steps.Steps = append(abort.Steps, c.scenario.Steps.Steps...)
}
