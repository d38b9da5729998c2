package action

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

// OptimizeResources lowers the requests of one container towards what it needs; its
// limits stay.
type OptimizeResources struct {
	// Container is the container's name; the first one is meant if it is empty.
	Container    string    `yaml:"container"`
	MemoryFactor *float64  `yaml:"memoryFactor"`
	MinMemory    *Quantity `yaml:"minMemory"`
	CPUFactor    *float64  `yaml:"cpuFactor"`
	MinCPU       *Quantity `yaml:"minCPU"`
}

// Validate demands at least one factor, each between 0 and 1.
func (o *OptimizeResources) Validate() error {
	if o.MemoryFactor == nil && o.CPUFactor == nil {
		return fmt.Errorf("found neither of the parameters memoryFactor and cpuFactor, expected at least one")
	}
	for _, factor := range []struct {
		name  string
		value *float64
	}{{"memoryFactor", o.MemoryFactor}, {"cpuFactor", o.CPUFactor}} {
		if factor.value != nil && !(*factor.value > 0 && *factor.value < 1) {
			return &ParameterError{factor.name, fmt.Sprintf("must be above 0 and below 1, found %v", *factor.value)}
		}
	}
	return nil
}

// Apply lowers the requests in the template, which starts a rollout.
func (o *OptimizeResources) Apply(ctx context.Context, cluster Cluster, target Target) (Change, error) {
	var was, is corev1.ResourceRequirements
	var name string
	before, after, err := updateDeployment(ctx, cluster, target, func(deployment *appsv1.Deployment) error {
		container, err := findContainer(deployment, o.Container)
		if err != nil {
			return err
		}
		name, was = container.Name, *container.Resources.DeepCopy()
		if err := o.lower(container); err != nil {
			return err
		}
		is = container.Resources
		return nil
	})
	if err != nil {
		return Change{}, err
	}
	return Change{
		Before: resourceState(name, was),
		After:  resourceState(name, is),
		Verify: rolledOut(cluster, target, after.Generation),
		Undo:   undoTemplate(cluster, target, before),
	}, nil
}

// lower computes the new requests; nothing to lower is an error.
func (o *OptimizeResources) lower(container *corev1.Container) error {
	changed := false
	for _, part := range []part{{corev1.ResourceMemory, o.MemoryFactor, o.MinMemory}, {corev1.ResourceCPU, o.CPUFactor, o.MinCPU}} {
		old, found := container.Resources.Requests[part.name]
		if part.factor == nil || !found {
			continue
		}
		wanted := scaled(old, *part.factor)
		if part.bound != nil && wanted.Cmp(part.bound.Quantity) < 0 {
			wanted = part.bound.DeepCopy()
		}
		if wanted.Cmp(old) < 0 {
			container.Resources.Requests[part.name] = wanted
			changed = true
		}
	}
	if !changed {
		return fmt.Errorf("container %q has no request that could be lowered", container.Name)
	}
	return nil
}
