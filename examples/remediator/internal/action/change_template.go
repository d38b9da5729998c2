package action

import (
	"context"
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

// MigrateWorkload moves the pods of a deployment to the nodes that have a label.
type MigrateWorkload struct {
	Label string `yaml:"label"`
	Value string `yaml:"value"`
}

// Validate demands a label with a value.
func (m *MigrateWorkload) Validate() error { return demand("label", m.Label, "value", m.Value) }

// demand refuses parameters that are missing, given as pairs of name and value.
func demand(pairs ...string) error {
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			return fmt.Errorf("the parameter %s is missing", pairs[i])
		}
	}
	return nil
}

// Apply sets the node selector of the template, which starts a rollout.
func (m *MigrateWorkload) Apply(ctx context.Context, cluster Cluster, target Target) (Change, error) {
	before, after, err := updateDeployment(ctx, cluster, target, func(deployment *appsv1.Deployment) error {
		spec := &deployment.Spec.Template.Spec
		if spec.NodeSelector[m.Label] == m.Value {
			return fmt.Errorf("its pods are bound to nodes with %s=%s already", m.Label, m.Value)
		}
		spec.NodeSelector = set(spec.NodeSelector, m.Label, m.Value)
		return nil
	})
	if err != nil {
		return Change{}, err
	}
	return Change{
		Before: State{"nodeSelector": before.Spec.Template.Spec.NodeSelector},
		After:  State{"nodeSelector": after.Spec.Template.Spec.NodeSelector},
		Verify: rolledOut(cluster, target, after.Generation),
		Undo:   undoTemplate(cluster, target, before),
	}, nil
}

// EnableDebugMode sets an environment variable of one container, so that it says more.
type EnableDebugMode struct {
	// Container is the container's name; the first one is meant if it is empty.
	Container string `yaml:"container"`
	Variable  string `yaml:"variable"`
	Value     string `yaml:"value"`
}

// Validate demands a variable with a value.
func (e *EnableDebugMode) Validate() error {
	return demand("variable", e.Variable, "value", e.Value)
}

// Apply sets the variable in the template, which starts a rollout. The value from before
// is not shown: it may be anything.
func (e *EnableDebugMode) Apply(ctx context.Context, cluster Cluster, target Target) (Change, error) {
	was := false
	before, after, err := updateDeployment(ctx, cluster, target, func(deployment *appsv1.Deployment) error {
		container, err := findContainer(deployment, e.Container)
		if err != nil {
			return err
		}
		wanted := corev1.EnvVar{Name: e.Variable, Value: e.Value}
		at := slices.IndexFunc(container.Env, func(variable corev1.EnvVar) bool { return variable.Name == e.Variable })
		was = at >= 0
		switch {
		case !was:
			container.Env = append(container.Env, wanted)
		case container.Env[at] == wanted:
			return fmt.Errorf("container %q has %s=%s already", container.Name, e.Variable, e.Value)
		default:
			container.Env[at] = wanted
		}
		return nil
	})
	if err != nil {
		return Change{}, err
	}
	return Change{
		Before: State{"variable": e.Variable, "set": was},
		After:  State{"variable": e.Variable, "value": e.Value},
		Verify: rolledOut(cluster, target, after.Generation),
		Undo:   undoTemplate(cluster, target, before),
	}, nil
}
