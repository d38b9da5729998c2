package plan

import (
	"slices"
	"strings"

	"github.com/scenario-runner/scenario-runner/engine/step"
)

// Risks returns what a plan breaks, wherever that is, and what it changes outside of the namespace that the run makes for
// it: what somebody may want to be asked about first.
func (p *Plan) Risks() []Touch {
	return slices.DeleteFunc(slices.Clone(p.Touches), func(t Touch) bool {
		outside := t.Where != "" && !t.onlyCluster()
		switch t.Effect {
		case step.Breaks:
			return false
		case step.Creates, step.Changes, step.Removes:
			return !outside && p.Namespace == ""
		case step.Runs:
			return !outside // a program of this machine, which the policy may forbid
		}
		return true
	})
}

// onlyCluster reports whether a touch is in the scenario's own place on a cluster with a name.
func (t Touch) onlyCluster() bool {
	return t.Cluster() != "" && !strings.Contains(t.Where, ", ")
}

// Cluster returns the name of the cluster that is touched, "" for the default one.
func (t Touch) Cluster() string {
	if t.run == nil {
		return ""
	}
	return t.run.Cluster
}

// String says what is done to what, where, and what that is now.
func (t Touch) String() string { return t.Verb + " " + t.place() }
