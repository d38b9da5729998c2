package action

import (
	"context"
	"encoding/json"
	"fmt"
	"math"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// IncreaseResources multiplies the requests and limits of one container, up to a maximum.
type IncreaseResources struct {
	// Container is the container's name; the first one is meant if it is empty.
	Container    string    `yaml:"container"`
	MemoryFactor *float64  `yaml:"memoryFactor"`
	MaxMemory    *Quantity `yaml:"maxMemory"`
	CPUFactor    *float64  `yaml:"cpuFactor"`
	MaxCPU       *Quantity `yaml:"maxCPU"`
}

// Validate demands at least one factor, and a maximum only beside its factor.
func (r *IncreaseResources) Validate() error {
	switch {
	case r.MemoryFactor == nil && r.CPUFactor == nil:
		return fmt.Errorf("found neither of the parameters memoryFactor and cpuFactor, expected at least one")
	case r.MemoryFactor == nil && r.MaxMemory != nil:
		return &ParameterError{"maxMemory", "has no effect without memoryFactor"}
	case r.CPUFactor == nil && r.MaxCPU != nil:
		return &ParameterError{"maxCPU", "has no effect without cpuFactor"}
	}
	if err := checkFactor("memoryFactor", r.MemoryFactor); err != nil {
		return err
	}
	return checkFactor("cpuFactor", r.CPUFactor)
}

// checkFactor demands that a factor increases.
func checkFactor(name string, factor *float64) error {
	if factor != nil && (!(*factor > 1) || math.IsInf(*factor, 0)) {
		return &ParameterError{name, fmt.Sprintf("must be above 1, found %v", *factor)}
	}
	return nil
}

// Apply patches the container's resources in the template, which starts a rollout.
func (r *IncreaseResources) Apply(ctx context.Context, cluster Cluster, target Target) (Change, error) {
	client := cluster.Client.AppsV1().Deployments(target.Namespace)
	var container *corev1.Container
	var wanted corev1.ResourceRequirements
	var deployment, after *appsv1.Deployment
	err := retryOnConflict(ctx, func() (err error) {
		if deployment, err = readDeployment(ctx, cluster, target); err != nil {
			return err
		}
		if container, err = findContainer(deployment, r.Container); err != nil {
			return fmt.Errorf("%s: %w", target, err)
		}
		if wanted, err = r.increased(container); err != nil {
			return fmt.Errorf("%s: %w", target, err)
		}
		patch, err := resourcesPatch(deployment.ResourceVersion, container.Name, wanted)
		if err != nil {
			return fmt.Errorf("encode the patch of %s: %w", target, err)
		}
		options := metav1.PatchOptions{DryRun: cluster.dryRun()}
		after, err = client.Patch(ctx, target.Name, types.StrategicMergePatchType, patch, options)
		if err != nil {
			return fmt.Errorf("increase the resources of %s: %w", target, err)
		}
		return nil
	})
	if err != nil {
		return Change{}, err
	}
	return Change{
		Before: resourceState(container.Name, container.Resources),
		After:  resourceState(container.Name, wanted),
		Verify: rolledOut(cluster, target, after.Generation),
		Undo:   undoTemplate(cluster, target, deployment),
	}, nil
}

// findContainer finds the container that is meant: the first one when it has no name.
func findContainer(deployment *appsv1.Deployment, name string) (*corev1.Container, error) {
	containers := deployment.Spec.Template.Spec.Containers
	if name == "" {
		return &containers[0], nil
	}
	for i := range containers {
		if containers[i].Name == name {
			return &containers[i], nil
		}
	}
	return nil, fmt.Errorf("there is no container %q", name)
}

// increased computes the new requests and limits of a container.
func (r *IncreaseResources) increased(container *corev1.Container) (corev1.ResourceRequirements, error) {
	wanted := *container.Resources.DeepCopy()
	changed := false
	for _, part := range r.parts() {
		if part.factor == nil {
			continue
		}
		found := false
		for _, list := range []corev1.ResourceList{wanted.Limits, wanted.Requests} {
			old, set := list[part.name]
			if !set || old.Sign() <= 0 {
				continue
			}
			found = true
			list[part.name] = multiply(old, *part.factor, part.bound)
			changed = changed || old.Cmp(list[part.name]) != 0
		}
		if !found {
			return wanted, fmt.Errorf("container %q has no %s limit or request to increase", container.Name, part.name)
		}
	}
	if !changed {
		return wanted, fmt.Errorf("container %q is at the maximum already: %s", container.Name, r.maxima())
	}
	return wanted, nil
}

// part is what the parameters say about one resource.
type part struct {
	name   corev1.ResourceName
	factor *float64
	bound  *Quantity
}

// parts returns the two resources in the order in which they are reported.
func (r *IncreaseResources) parts() []part {
	return []part{
		{corev1.ResourceMemory, r.MemoryFactor, r.MaxMemory},
		{corev1.ResourceCPU, r.CPUFactor, r.MaxCPU},
	}
}

// maxima names the bounds for a message.
func (r *IncreaseResources) maxima() string {
	text := ""
	for _, part := range r.parts() {
		if part.bound == nil {
			continue
		}
		if text != "" {
			text += ", "
		}
		text += string(part.name) + " " + part.bound.String()
	}
	return text
}

// multiply increases a quantity up to a maximum and never lowers it. Memory that is
// counted in mebibytes is rounded up to whole ones, so that it stays readable.
func multiply(old resource.Quantity, factor float64, most *Quantity) resource.Quantity {
	wanted := scaled(old, factor)
	if most != nil && wanted.Cmp(most.Quantity) > 0 {
		wanted = most.DeepCopy()
	}
	if wanted.Cmp(old) < 0 {
		return old
	}
	return wanted
}

// scaled multiplies a quantity.
func scaled(old resource.Quantity, factor float64) resource.Quantity {
	const mebi = 1 << 20
	if product := old.AsApproximateFloat64() * factor; old.Format == resource.BinarySI && product >= mebi {
		return *resource.NewQuantity(int64(math.Ceil(product/mebi))*mebi, resource.BinarySI)
	}
	return *resource.NewMilliQuantity(int64(math.Ceil(old.AsApproximateFloat64()*factor*1000)), old.Format)
}

// resourcesPatch sets the resources of one container, bound to the version that was read.
func resourcesPatch(version, container string, wanted corev1.ResourceRequirements) ([]byte, error) {
	changed := map[string]any{"name": container, "resources": map[string]any{"limits": wanted.Limits, "requests": wanted.Requests}}
	pod := map[string]any{"containers": []any{changed}}
	return json.Marshal(map[string]any{
		"metadata": map[string]any{"resourceVersion": version},
		"spec":     map[string]any{"template": map[string]any{"spec": pod}},
	})
}

// resourceState shows the requests and limits that are set.
func resourceState(container string, resources corev1.ResourceRequirements) State {
	state := State{"container": container}
	show := func(field string, list corev1.ResourceList, name corev1.ResourceName) {
		if quantity, set := list[name]; set {
			state[field] = quantity.String()
		}
	}
	show("memoryLimit", resources.Limits, corev1.ResourceMemory)
	show("memoryRequest", resources.Requests, corev1.ResourceMemory)
	show("cpuLimit", resources.Limits, corev1.ResourceCPU)
	show("cpuRequest", resources.Requests, corev1.ResourceCPU)
	return state
}
