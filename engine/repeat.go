package engine

import (
	"fmt"

	"github.com/scenario-runner/scenario-runner/engine/scenario"
)

// Repeat returns the scenarios as often as rounds says, round after round, each with a name and a key of its own. With one
// round it returns them as they are.
func Repeat(scenarios []*scenario.Scenario, rounds int) []*scenario.Scenario {
	if rounds <= 1 {
		return scenarios
	}
	out := make([]*scenario.Scenario, 0, len(scenarios)*rounds)
	for round := 1; round <= rounds; round++ {
		for _, s := range scenarios {
			again := *s
			again.Base = s
			again.Name = fmt.Sprintf("%s (%d of %d)", s.Name, round, rounds)
			again.Key = fmt.Sprintf("%s~%d", s.Key, round)
			out = append(out, &again)
		}
	}
	return out
}
