// Package catalogue lists the chaos experiments that scenarios can name: what each does, its parameters with types and
// defaults, and which drivers can do it. The names and meanings are the same for every driver.
//
// It carries nothing out; drivers do.
package catalogue

import (
	"slices"

	"github.com/scenario-runner/scenario-runner/engine/diag"
)

// The drivers that experiments can be carried out by.
const (
	Builtin = "builtin" // through the Kubernetes API alone
	Litmus  = "litmus"  // through LitmusChaos, where it is installed
)

// Scope is what an experiment hits.
type Scope string

// The scopes.
const (
	Pods       Scope = "pods"
	Workloads  Scope = "workloads"
	Nodes      Scope = "nodes"
	ConfigMaps Scope = "config maps"
	Secrets    Scope = "secrets"
	Services   Scope = "services"
	Namespaces Scope = "namespaces"
)

// Experiment is one entry of the catalogue.
type Experiment struct {
	Name  string
	Doc   string // one sentence: what happens to the targets
	Proof string // the effect that must be seen, for people
	Scope Scope
	// Candidates says in the plural what can be hit, for people.
	Candidates string
	// One says that a single target is hit when the author says no number; otherwise all that match are.
	One bool
	// Momentary says that the fault is an act, not a state: there is nothing to take back.
	Momentary  bool
	Parameters []Parameter
	Drivers    []string // in the order of preference
}

// Get returns the experiment with that name.
func Get(name string) (Experiment, bool) {
	all := All()
	i := slices.IndexFunc(all, func(e Experiment) bool { return e.Name == name })
	if i < 0 {
		return Experiment{}, false
	}
	return all[i], true
}

// Names returns the names of all experiments in the order of the catalogue.
func Names() []string {
	var names []string
	for _, e := range All() {
		names = append(names, e.Name)
	}
	return names
}

// By returns the names of the experiments that a driver can do.
func By(driver string) []string {
	var names []string
	for _, e := range All() {
		if slices.Contains(e.Drivers, driver) {
			names = append(names, e.Name)
		}
	}
	return names
}

// Parameter returns the parameter with that name.
func (e Experiment) Parameter(name string) (Parameter, bool) {
	i := slices.IndexFunc(e.Parameters, func(p Parameter) bool { return p.Name == name })
	if i < 0 {
		return Parameter{}, false
	}
	return e.Parameters[i], true
}

// parameterNames lists the parameters in declaration order.
func (e Experiment) parameterNames() []string {
	names := make([]string, len(e.Parameters))
	for i, p := range e.Parameters {
		names[i] = p.Name
	}
	return names
}

func didYouMean(name string, names []string) string { return diag.DidYouMean(name, names) }
