package run

import (
	"strings"

	"github.com/scenario-runner/scenario-runner/engine/step"
)

// touches names the program: what it does is not known.
func touches(c, shown *Config, _ step.Written) []step.Touch {
	what := strings.TrimPrefix(title(shown), "run ")
	if c.Kubeconfig {
		what += ", with access to the cluster"
	}
	return []step.Touch{{Effect: step.Runs, Verb: "run", What: what, Count: 1}}
}
