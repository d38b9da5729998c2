package node

import (
	"fmt"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/settings"
)

// guard is what the policy of the project and the scenario itself allow. A drain is a fault as well: pods go that are in
// use.
type guard struct {
	project *settings.Settings
	safety  step.Safety
}

// permit refuses an action on more nodes than are allowed, and a drain where or when nothing may be broken.
func (g guard) permit(place *kube.Target, action string, nodes int) error {
	if action == drain {
		if err := place.Breakable("a drain"); err != nil {
			return err
		}
		if err := g.project.Hours(0); err != nil {
			return err
		}
	}
	if err := g.project.Policy.Nodes(nodes); err != nil {
		return err
	}
	return atMost("maxNodes", "nodes", nodes, g.safety.MaxNodes)
}

// pods refuses a drain that takes more pods than are allowed.
func (g guard) pods(evicted int) error {
	if err := g.project.Policy.Pods(evicted); err != nil {
		return err
	}
	return atMost("maxPods", "pods", evicted, g.safety.MaxPods)
}

func atMost(limit, things string, hit, allowed int) error {
	if allowed == 0 || hit <= allowed {
		return nil
	}
	return &settings.Refusal{
		What: fmt.Sprintf("hitting %d %s with one step", hit, things),
		Why:  fmt.Sprintf("is more than the scenario's safety.%s of %d allows; choose fewer nodes, with count or by name", limit, allowed),
	}
}
