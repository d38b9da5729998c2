package main

import (
	"fmt"
	"maps"
	"slices"

	"github.com/scenario-runner/scenario-runner/engine/config"
	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/scenario"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

// hold refuses a run that would use a cluster that it must not use, before anything is touched, and gives the scenarios
// the limits of the policy. named are the clusters that flags name.
func (p *project) hold(env *kube.Env, selected []*scenario.Scenario, named []string, sandbox bool) error {
	if err := p.unnamed(selected, named, sandbox); err != nil {
		return err
	}
	used := clustersOf(selected)
	if sandbox {
		inTheBox := boxed(selected, named)
		used = slices.DeleteFunc(used, func(name string) bool { return slices.Contains(inTheBox, name) })
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

// unnamed refuses scenarios that work on a cluster of which nobody says where it is. A sandbox is started for each.
func (p *project) unnamed(selected []*scenario.Scenario, named []string, sandbox bool) error {
	if sandbox {
		return nil
	}
	known := append(slices.Sorted(maps.Keys(p.Clusters)), named...)
	for _, s := range selected {
		for _, name := range s.Clusters {
			if name == config.Default || slices.Contains(known, name) {
				continue
			}
			where := "say where it is with --cluster " + name + "=KUBECONFIG#CONTEXT or under clusters in " + config.FileName + ", or use --sandbox, which starts one"
			return fmt.Errorf("scenario %s works on cluster %q, which nobody names%s; %s", s.Name, name, diag.DidYouMean(name, known), where)
		}
	}
	return nil
}

// clustersOf returns the names of the clusters that steps use, sorted, as far as they are written out; "" is the default
// cluster.
func clustersOf(scenarios []*scenario.Scenario) []string {
	var names []string
	for _, s := range scenarios {
		if names = append(names, s.Clusters...); len(s.Clusters) > 0 {
			continue // its steps work on no others
		}
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
