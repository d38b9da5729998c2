package action

import (
	"context"
	"fmt"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// UpdateHPA gives a horizontal pod autoscaler more room: it raises the most replicas.
type UpdateHPA struct {
	// Delta is by how many.
	Delta int32 `yaml:"delta"`
	// Maximum is how many the autoscaler may have at most.
	Maximum int32 `yaml:"maximum"`
}

// Validate demands an increase with an end.
func (u *UpdateHPA) Validate() error {
	switch {
	case u.Delta < 1:
		return &ParameterError{"delta", fmt.Sprintf("must be 1 or more, found %d", u.Delta)}
	case u.Maximum < 1:
		return &ParameterError{"maximum", fmt.Sprintf("must be 1 or more, found %d", u.Maximum)}
	}
	return nil
}

// Apply raises spec.maxReplicas within the bound.
func (u *UpdateHPA) Apply(ctx context.Context, cluster Cluster, target Target) (Change, error) {
	var before int32
	after, err := u.write(ctx, cluster, target, func(autoscaler *autoscalingv2.HorizontalPodAutoscaler) error {
		before = autoscaler.Spec.MaxReplicas
		autoscaler.Spec.MaxReplicas = min(before+u.Delta, u.Maximum)
		if autoscaler.Spec.MaxReplicas <= before {
			return fmt.Errorf("%s may have %d replicas already, and maximum is %d", target, before, u.Maximum)
		}
		return nil
	})
	if err != nil {
		return Change{}, err
	}
	client := cluster.Client.AutoscalingV2().HorizontalPodAutoscalers(target.Namespace)
	return Change{
		Before: State{"maxReplicas": before},
		After:  State{"maxReplicas": after.Spec.MaxReplicas},
		Verify: untilObject(named("autoscaler", target.Name, client.List, client.Watch), target, autoscalerProgress),
		Undo: func(ctx context.Context) error {
			_, err := u.write(ctx, cluster, target, func(autoscaler *autoscalingv2.HorizontalPodAutoscaler) error {
				autoscaler.Spec.MaxReplicas = before
				return nil
			})
			return err
		},
	}, nil
}

// write edits the autoscaler, bound to the version that was read.
func (*UpdateHPA) write(
	ctx context.Context, cluster Cluster, target Target, edit func(*autoscalingv2.HorizontalPodAutoscaler) error,
) (after *autoscalingv2.HorizontalPodAutoscaler, err error) {
	client := cluster.Client.AutoscalingV2().HorizontalPodAutoscalers(target.Namespace)
	err = retryOnConflict(ctx, func() error {
		found, err := client.Get(ctx, target.Name, metav1.GetOptions{})
		if err != nil {
			return fmt.Errorf("read %s: %w", target, err)
		}
		if err := edit(found); err != nil {
			return err
		}
		if after, err = client.Update(ctx, found, metav1.UpdateOptions{DryRun: cluster.dryRun()}); err != nil {
			return fmt.Errorf("change %s: %w", target, err)
		}
		return nil
	})
	return after, err
}

// autoscalerProgress waits until the autoscaler has what it wants, within its bounds.
func autoscalerProgress(autoscaler *autoscalingv2.HorizontalPodAutoscaler) (done bool, progress string, err error) {
	status := autoscaler.Status
	for _, condition := range status.Conditions {
		if condition.Type == autoscalingv2.AbleToScale && condition.Status != corev1.ConditionTrue {
			return false, "the autoscaler can't scale: " + condition.Message, nil
		}
	}
	if status.DesiredReplicas == 0 || status.CurrentReplicas != status.DesiredReplicas {
		return false, fmt.Sprintf("%d of %d replicas were there", status.CurrentReplicas, status.DesiredReplicas), nil
	}
	return true, "", nil
}
