package startprocess

import (
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/process"
)

// needs says that a program works with the credentials of the run: what it does with them is not known.
func needs(c, shown *Config, _ *step.Place, w step.Written) []step.Right {
	if !c.Kubeconfig && len(c.Kubeconfigs) == 0 && w.Text("kubeconfig") != "true" {
		return nil
	}
	return []step.Right{{Why: process.Title("run", shown.Command)}}
}
