package action

import (
	"context"
	"encoding/json"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
)

// The label by which the service of a database finds its primary, as in the common operators.
const (
	roleLabel   = "role"
	rolePrimary = "primary"
	roleReplica = "replica"
)

// FailoverDatabase gives the role of the primary to a replica that is ready, by labels; the
// database itself must follow them, as it does under an operator. It has no parameters.
type FailoverDatabase struct{}

// Validate has nothing to refuse.
func (*FailoverDatabase) Validate() error { return nil }

// Apply takes the role from the old primary first, so that there are never two.
func (*FailoverDatabase) Apply(ctx context.Context, cluster Cluster, target Target) (Change, error) {
	service, err := cluster.Client.CoreV1().Services(target.Namespace).Get(ctx, target.Name, metav1.GetOptions{})
	if err != nil {
		return Change{}, fmt.Errorf("read %s: %w", target, err)
	}
	if role := service.Spec.Selector[roleLabel]; role != rolePrimary {
		return Change{}, fmt.Errorf("%s selects %s=%q, expected %q", target, roleLabel, role, rolePrimary)
	}
	old, err := members(ctx, cluster, service, rolePrimary)
	if err != nil {
		return Change{}, err
	}
	chosen, err := chooseReplica(ctx, cluster, service)
	if err != nil {
		return Change{}, fmt.Errorf("%s: %w", target, err)
	}
	// A failure in the middle leaves no primary at all, so the way back is given from here on.
	change := Change{Before: State{"primary": names(old)}, Undo: giveBack(cluster, old, *chosen)}
	for _, pod := range old {
		if err := giveRole(ctx, cluster, pod, roleReplica); err != nil {
			return change, err
		}
	}
	if err := giveRole(ctx, cluster, *chosen, rolePrimary); err != nil {
		return change, err
	}
	change.After, change.Verify = State{"primary": chosen.Name}, servedBy(cluster, target, chosen)
	return change, nil
}

// giveBack returns the way back to the primary that was there. A primary that is gone for
// good gets nothing back.
func giveBack(cluster Cluster, old []corev1.Pod, chosen corev1.Pod) func(context.Context) error {
	return func(ctx context.Context) error {
		if len(old) == 0 {
			return nil
		}
		if err := giveRole(ctx, cluster, chosen, roleReplica); err != nil {
			return err
		}
		for _, pod := range old {
			if err := giveRole(ctx, cluster, pod, rolePrimary); err != nil {
				return err
			}
		}
		return nil
	}
}

// members returns the pods of the service's database that have a role.
func members(ctx context.Context, cluster Cluster, service *corev1.Service, role string) ([]corev1.Pod, error) {
	selector := labels.Set{}
	for name, value := range service.Spec.Selector {
		selector[name] = value
	}
	selector[roleLabel] = role
	return findPods(ctx, cluster, Target{Kind: Pod, Namespace: service.Namespace, Selector: selector.String()})
}

// chooseReplica returns the first replica that is ready.
func chooseReplica(ctx context.Context, cluster Cluster, service *corev1.Service) (*corev1.Pod, error) {
	replicas, err := members(ctx, cluster, service, roleReplica)
	if err != nil {
		return nil, err
	}
	for i := range replicas {
		if ready(&replicas[i]) {
			return &replicas[i], nil
		}
	}
	return nil, fmt.Errorf("none of its %d replicas is ready to take over", len(replicas))
}

// giveRole writes the label, to exactly this pod.
func giveRole(ctx context.Context, cluster Cluster, pod corev1.Pod, role string) error {
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"uid": pod.UID, "labels": map[string]string{roleLabel: role}}})
	if err != nil {
		return fmt.Errorf("encode the patch of Pod %s/%s: %w", pod.Namespace, pod.Name, err)
	}
	client := cluster.Client.CoreV1().Pods(pod.Namespace)
	if _, err := client.Patch(ctx, pod.Name, types.MergePatchType, patch, metav1.PatchOptions{DryRun: cluster.dryRun()}); err != nil {
		return fmt.Errorf("make Pod %s/%s the %s: %w", pod.Namespace, pod.Name, role, err)
	}
	return nil
}

// servedBy returns the check that the service leads to the pod and to nobody else.
func servedBy(cluster Cluster, service Target, pod *corev1.Pod) func(context.Context) error {
	client := cluster.Client.DiscoveryV1().EndpointSlices(service.Namespace)
	slices := collection{
		name:    "endpoint slices",
		options: metav1.ListOptions{LabelSelector: labels.Set{discoveryv1.LabelServiceName: service.Name}.String()},
		list: func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
			return client.List(ctx, options)
		},
		watch: func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
			return client.Watch(ctx, options)
		},
	}
	return func(ctx context.Context) error {
		return slices.until(ctx, func(objects map[types.UID]runtime.Object) (bool, string, error) {
			here, others := 0, 0
			for _, object := range objects {
				slice, ok := object.(*discoveryv1.EndpointSlice)
				if !ok {
					continue
				}
				for _, endpoint := range slice.Endpoints {
					if endpoint.TargetRef != nil && endpoint.TargetRef.UID == pod.UID {
						here++
					} else {
						others++
					}
				}
			}
			return here == 1 && others == 0, fmt.Sprintf("%d endpoints of the new primary and %d of others were served", here, others), nil
		})
	}
}
