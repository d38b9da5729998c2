package action

import (
	"context"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
)

// DrainNode closes a node and evicts its pods, as kubectl drain does: pods of daemon sets
// stay, disruption budgets are respected.
type DrainNode struct {
	// MaximumCordoned is how many nodes may be closed at once, this one included.
	MaximumCordoned *int `yaml:"maximumCordoned"`
}

// Validate refuses a limit that would forbid the action altogether.
func (d *DrainNode) Validate() error { return (*CordonNode)(d).Validate() }

// Apply cordons the node and asks for the eviction of each pod, again as long as a budget
// says no.
func (d *DrainNode) Apply(ctx context.Context, cluster Cluster, target Target) (Change, error) {
	cordon, err := (*CordonNode)(d).Apply(ctx, cluster, target)
	if err != nil {
		return Change{}, err
	}
	change := Change{Before: cordon.Before, Undo: cordon.Undo}
	options := metav1.ListOptions{FieldSelector: fields.OneTermEqualSelector("spec.nodeName", target.Name).String()}
	pods, err := cluster.Client.CoreV1().Pods(metav1.NamespaceAll).List(ctx, options)
	if err != nil {
		return change, fmt.Errorf("list the pods of %s: %w", target, err)
	}
	doomed := slices.DeleteFunc(pods.Items, func(pod corev1.Pod) bool { return !evictable(&pod) })
	slices.SortFunc(doomed, func(a, b corev1.Pod) int {
		return strings.Compare(a.Namespace+"/"+a.Name, b.Namespace+"/"+b.Name)
	})
	for _, pod := range doomed {
		if err := evict(ctx, cluster, pod); err != nil {
			return change, err
		}
	}
	change.After = State{"unschedulable": true, "evicted": names(doomed)}
	change.Verify = emptied(cluster, options)
	return change, nil
}

// evictable reports whether a drain moves a pod: not one that its node owns or that a
// daemon set would put there again, and not one that has ended.
func evictable(pod *corev1.Pod) bool {
	owner := metav1.GetControllerOf(pod)
	return (owner == nil || owner.Kind != DaemonSet) && pod.Annotations[corev1.MirrorPodAnnotationKey] == "" &&
		pod.Status.Phase != corev1.PodSucceeded && pod.Status.Phase != corev1.PodFailed
}

// evict asks until no budget stands in the way.
func evict(ctx context.Context, cluster Cluster, pod corev1.Pod) error {
	delay := relistFirstDelay
	for {
		err := cluster.Client.CoreV1().Pods(pod.Namespace).EvictV1(ctx, &policyv1.Eviction{
			ObjectMeta:    metav1.ObjectMeta{Name: pod.Name, Namespace: pod.Namespace},
			DeleteOptions: &metav1.DeleteOptions{DryRun: cluster.dryRun(), Preconditions: metav1.NewUIDPreconditions(string(pod.UID))},
		})
		switch {
		case err == nil, apierrors.IsNotFound(err), apierrors.IsConflict(err):
			return nil
		case apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause):
			return nil // it goes with its namespace
		case !apierrors.IsTooManyRequests(err):
			return fmt.Errorf("evict Pod %s/%s: %w", pod.Namespace, pod.Name, err)
		}
		if stopped := pause(ctx, delay); stopped != nil {
			return fmt.Errorf("evict Pod %s/%s: %w", pod.Namespace, pod.Name, err)
		}
		delay = min(2*delay, relistMostDelay)
	}
}

// emptied returns the check that only what may stay is on the node.
func emptied(cluster Cluster, options metav1.ListOptions) func(context.Context) error {
	client := cluster.Client.CoreV1().Pods(metav1.NamespaceAll)
	pods := collection{
		name: "pods of the node", options: options,
		list: func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
			return client.List(ctx, options)
		},
		watch: func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
			return client.Watch(ctx, options)
		},
	}
	return func(ctx context.Context) error {
		return pods.until(ctx, func(objects map[types.UID]runtime.Object) (bool, string, error) {
			left := 0
			for _, object := range objects {
				if pod, ok := object.(*corev1.Pod); ok && evictable(pod) {
					left++
				}
			}
			return left == 0, fmt.Sprintf("%d pods were left on the node", left), nil
		})
	}
}
