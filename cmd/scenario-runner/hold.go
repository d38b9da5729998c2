package main

import (
	"fmt"
	"slices"

	"github.com/scenario-runner/scenario-runner/engine/config"
	"github.com/scenario-runner/scenario-runner/engine/scenario"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

// hold refuses a run that would use a cluster that it must not use, before anything is touched, and gives the scenarios
// the limits of the policy. named are the clusters that flags name.
func (p *project) hold(env *kube.Env, selected []*scenario.Scenario, named []string, sandbox bool) error {
	used := clustersOf(selected)
	if sandbox {
		used = slices.DeleteFunc(used, func(name string) bool { return name == "" || name == config.Default })
		for _, name := range used {
			if _, known := p.Clusters[name]; known && !slices.Contains(named, name) {
				return fmt.Errorf("cluster %q of %s is not used with --sandbox; name it with --cluster %s=KUBECONFIG#CONTEXT if it may be touched", name, p.File(), name)
			}
		}
	}
	if err := env.Refused(used); err != nil {
		return fmt.Errorf("nothing was run: %w", err)
	}
	for _, s := range selected {
		if s.MaxDuration == 0 {
			s.MaxDuration = p.Policy.MaxDuration
		}
	}
	return nil
}

// clustersOf returns the names of the clusters that steps use, sorted, as far as they are written out; "" is the default
// cluster.
func clustersOf(scenarios []*scenario.Scenario) []string {
	var names []string
	for _, s := range scenarios {
		names = clustersIn(&s.Finally, clustersIn(&s.Steps, names))
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func clustersIn(block *scenario.Block, names []string) []string {
	for _, s := range block.Steps {
		if !s.Cluster.Dynamic() {
			if name, err := s.Cluster.Eval(nil); err == nil {
				names = append(names, name)
			}
		}
		for _, inner := range s.Task.Blocks() {
			if nested, ok := inner.Steps.(*scenario.Block); ok {
				names = clustersIn(nested, names)
			}
		}
	}
	return names
}
