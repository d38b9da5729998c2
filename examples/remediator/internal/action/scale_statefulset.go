package action

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// ScaleStatefulSet changes the number of replicas of a stateful set, in the ways of
// ScaleDeployment.
type ScaleStatefulSet ScaleDeployment

// Validate demands exactly one way to say how many.
func (s *ScaleStatefulSet) Validate() error { return (*ScaleDeployment)(s).Validate() }

// Apply writes the scale subresource.
func (s *ScaleStatefulSet) Apply(ctx context.Context, cluster Cluster, target Target) (Change, error) {
	client := cluster.Client.AppsV1().StatefulSets(target.Namespace)
	before, after, err := rescale(ctx, cluster, client, target, (*ScaleDeployment)(s).wanted)
	if err != nil {
		return Change{}, err
	}
	objects := named("stateful set", target.Name, client.List, client.Watch)
	return Change{
		Before: State{"replicas": before},
		After:  State{"replicas": after},
		Verify: untilObject(objects, target, statefulProgress),
		Undo: func(ctx context.Context) error {
			_, _, err := rescale(ctx, cluster, client, target, func(int32) (int32, error) { return before, nil })
			return err
		},
	}, nil
}

// statefulProgress waits for as many ready pods as are wanted, and no more.
func statefulProgress(set *appsv1.StatefulSet) (done bool, progress string, err error) {
	wanted := int32(1)
	if set.Spec.Replicas != nil {
		wanted = *set.Spec.Replicas
	}
	switch {
	case set.Status.ObservedGeneration < set.Generation:
		return false, "the new spec was not observed yet", nil
	case set.Status.Replicas != wanted || set.Status.ReadyReplicas != wanted:
		return false, fmt.Sprintf("%d of %d replicas were ready", set.Status.ReadyReplicas, wanted), nil
	}
	return true, "", nil
}

// scaler is the part of a client that writes the scale subresource.
type scaler interface {
	GetScale(ctx context.Context, name string, options metav1.GetOptions) (*autoscalingv1.Scale, error)
	UpdateScale(ctx context.Context, name string, scale *autoscalingv1.Scale, options metav1.UpdateOptions) (*autoscalingv1.Scale, error)
}

// rescale computes the new number from the present one and writes it.
func rescale(ctx context.Context, cluster Cluster, client scaler, target Target, wanted func(int32) (int32, error)) (before, after int32, err error) {
	err = retryOnConflict(ctx, func() error {
		current, err := client.GetScale(ctx, target.Name, metav1.GetOptions{})
		if err != nil {
			return fmt.Errorf("read the scale of %s: %w", target, err)
		}
		before = current.Spec.Replicas
		if after, err = wanted(before); err != nil {
			return fmt.Errorf("%s: %w", target, err)
		}
		current.Spec.Replicas = after
		written, err := client.UpdateScale(ctx, target.Name, current, metav1.UpdateOptions{DryRun: cluster.dryRun()})
		if err != nil {
			return fmt.Errorf("scale %s to %d: %w", target, after, err)
		}
		after = written.Spec.Replicas
		return nil
	})
	return before, after, err
}
