package injectchaos

import (
	"context"
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/injectchaos/catalogue"
	"github.com/scenario-runner/scenario-runner/steps/injectchaos/driver"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/pods"
	"github.com/scenario-runner/scenario-runner/steps/settings"
)

// guard looks at what a fault will hit before it is injected: it refuses what the policy or the scenario does not allow,
// and keeps other scenarios off the targets. The returned hits count until they are released.
func (s steps) guard(ctx context.Context, run *step.Run, place *kube.Target, r request) (*hits, error) {
	policy, safety := &s.env.Settings().Policy, run.Scenario.Safety
	if err := place.Breakable("chaos"); err != nil {
		return nil, err
	}
	for _, target := range r.fault.Targets() {
		if err := permitted(ctx, run, place, policy, target); err != nil {
			return nil, err
		}
	}
	if err := bounded(policy, safety, r); err != nil {
		return nil, err
	}
	if err := claim(ctx, run, place, r); err != nil {
		return nil, err
	}
	size, err := sizeOf(ctx, place, r)
	if err != nil {
		return nil, err
	}
	size.scenario = run.Scenario.ID
	if err := s.env.Settings().Hours(r.duration); err != nil { // after the claim, which may have waited for hours
		return nil, err
	}
	tally, _ := s.env.Shared(tallyKey{}, func() any { return &tally{} }).(*tally)
	return tally.add(size, policy, safety)
}

// bounded refuses a fault that hits too large a part of what there is to choose from.
func bounded(policy *settings.Policy, safety step.Safety, r request) error {
	n, all := len(r.fault.Targets()), r.fault.Candidates()
	if err := policy.Share(n, all, r.experiment.Candidates); err != nil {
		return err
	}
	if safety.MaxPercent == 0 || n*100 <= safety.MaxPercent*all {
		return nil
	}
	return &settings.Refusal{
		What: fmt.Sprintf("hitting %d of %d %s", n, all, r.experiment.Candidates),
		Why:  fmt.Sprintf("is more than the scenario's safety.maxPercent of %d allows; choose fewer with count or percent", safety.MaxPercent),
	}
}

// request is a planned fault with where it comes from.
type request struct {
	experiment catalogue.Experiment
	target     kube.Ref
	fault      driver.Fault
	duration   time.Duration // 0 when the fault stays until the scenario ends
}

// permitted refuses a target in a namespace that is protected or forbidden, or without the labels that it must have. What
// is in the scenario's own namespace is its own, for the policy.
func permitted(ctx context.Context, run *step.Run, place *kube.Target, policy *settings.Policy, target driver.Object) error {
	namespace := target.Namespace
	if target.Kind == "Namespace" {
		namespace = target.Name
	}
	if err := settings.Fault(namespace); err != nil {
		return err
	}
	if namespace != "" {
		if err := place.Permit(namespace); err != nil {
			return err
		}
	}
	demands := []demand{{run.Scenario.Safety.RequireLabel, "the scenario's safety.requireLabel demands"}}
	if !run.Scenario.Owned || namespace != run.Scenario.Namespace {
		demands = append(demands, demand{policy.RequireLabel.Glob, "the policy demands (requireLabel, " + policy.RequireLabel.At + ")"})
	}
	return labelled(ctx, place, target, demands)
}

// demand is a label that targets must have, as key=value, and who says so. "" demands none.
type demand struct{ label, by string }

// labelled refuses a target that was not marked as one, by itself or by its namespace, as each of the demands wants.
func labelled(ctx context.Context, place *kube.Target, target driver.Object, demands []demand) error {
	demands = slices.DeleteFunc(demands, func(d demand) bool { return d.label == "" })
	if len(demands) == 0 {
		return nil
	}
	object, err := place.Get(ctx, kube.Ref{Kind: target.Kind, Name: target.Name, Namespace: target.Namespace})
	if err != nil {
		return err
	}
	marked, missing := []*unstructured.Unstructured{object}, ""
	if target.Namespace != "" {
		namespace, err := place.Get(ctx, kube.Ref{APIVersion: "v1", Kind: "Namespace", Name: target.Namespace})
		if err != nil {
			return err
		}
		marked, missing = append(marked, namespace), ", nor does its namespace "+target.Namespace
	}
	for _, d := range demands {
		if !slices.ContainsFunc(marked, func(o *unstructured.Unstructured) bool { return kube.Labelled(d.label, o) }) {
			return &settings.Refusal{
				What: "hitting " + target.String(),
				Why:  fmt.Sprintf("is refused: it does not have the label %s that %s%s", d.label, d.by, missing),
			}
		}
	}
	return nil
}

// claim keeps other scenarios off the targets, and off what they were chosen by.
func claim(ctx context.Context, run *step.Run, place *kube.Target, r request) error {
	var names []string
	for _, target := range r.fault.Targets() {
		names = append(names, place.Lock(target.Kind, target.Namespace, target.Name))
	}
	if r.target.Name != "" {
		query, err := place.Query(ctx, r.target)
		if err != nil {
			return err
		}
		names = append(names, place.Lock(query.Mapping.Kind, query.Namespace, query.Name))
	}
	return run.Host.Claim(ctx, names...)
}

// sizeOf counts the pods and nodes that a fault hits. Of workloads and services their pods count.
func sizeOf(ctx context.Context, place *kube.Target, r request) (*hits, error) {
	size := &hits{}
	targets := r.fault.Targets()
	switch r.experiment.Scope {
	case catalogue.Pods:
		size.pods = len(targets)
	case catalogue.Nodes:
		size.nodes = len(targets)
		if known, ok := r.fault.(interface{ Pods() int }); ok {
			size.pods = known.Pods()
		}
	case catalogue.Workloads, catalogue.Services:
		for _, target := range targets {
			found, err := pods.List(ctx, place, kube.Ref{Kind: target.Kind, Name: target.Name, Namespace: target.Namespace})
			if err != nil {
				return nil, err
			}
			size.pods += living(found)
		}
	}
	return size, nil
}

func living(found []*unstructured.Unstructured) int {
	n := 0
	for _, pod := range found {
		if pods.Living(pod) {
			n++
		}
	}
	return n
}
