package startprocess

import (
	"strings"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/process"
)

// touches names the program: what it does is not known.
func touches(c, shown *Config, _ step.Written) []step.Touch {
	what := strings.TrimPrefix(process.Title("start", shown.Command), "start ")
	switch {
	case len(c.Kubeconfigs) > 0:
		what += ", with access to the clusters " + strings.Join(c.Kubeconfigs, ", ")
	case c.Kubeconfig:
		what += ", with access to the cluster"
	}
	return []step.Touch{{Effect: step.Runs, Verb: "start", What: what, Count: 1}}
}
