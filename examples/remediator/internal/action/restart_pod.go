package action

import (
	"context"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
)

// RestartPod deletes the pod, or the pods that a selector finds, so that their controller
// starts them anew.
type RestartPod struct {
	GracePeriodSeconds *int64 `yaml:"gracePeriodSeconds"`
	// Maximum is how many pods a selector may hit.
	Maximum *int `yaml:"maximum"`
}

// Validate refuses numbers that make no sense.
func (r *RestartPod) Validate() error {
	if r.GracePeriodSeconds != nil && *r.GracePeriodSeconds < 0 {
		return &ParameterError{"gracePeriodSeconds", fmt.Sprintf("must be 0 or more, found %d", *r.GracePeriodSeconds)}
	}
	if r.Maximum != nil && *r.Maximum < 1 {
		return &ParameterError{"maximum", fmt.Sprintf("must be 1 or more, found %d", *r.Maximum)}
	}
	return nil
}

// Apply deletes the pods, each by its identity, so that a pod that was replaced meanwhile
// is not hit.
func (r *RestartPod) Apply(ctx context.Context, cluster Cluster, target Target) (Change, error) {
	known, err := cluster.Client.CoreV1().Pods(target.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return Change{}, fmt.Errorf("list the pods of namespace %q: %w", target.Namespace, err)
	}
	doomed, err := r.choose(ctx, cluster, target)
	if err != nil {
		return Change{}, err
	}
	for _, pod := range doomed {
		if err := r.delete(ctx, cluster, pod); err != nil {
			return Change{}, err
		}
	}
	after := State{"deleted": names(doomed)}
	return Change{
		Before: State{"pods": podStates(doomed)},
		After:  after,
		Verify: replaced(cluster, target.Namespace, doomed, known.Items, after),
	}, nil
}

// choose finds the pods and refuses those that nobody would start again.
func (r *RestartPod) choose(ctx context.Context, cluster Cluster, target Target) ([]corev1.Pod, error) {
	pods, err := findPods(ctx, cluster, target)
	if err != nil {
		return nil, err
	}
	if len(pods) == 0 {
		return nil, fmt.Errorf("no pod in namespace %q matches %q", target.Namespace, target.Selector)
	}
	if r.Maximum != nil && len(pods) > *r.Maximum {
		return nil, fmt.Errorf("%s matches %d pods, and maximum is %d", target, len(pods), *r.Maximum)
	}
	for i := range pods {
		if metav1.GetControllerOf(&pods[i]) == nil {
			return nil, fmt.Errorf("pod %q has no controller that would start it again", pods[i].Name)
		}
	}
	return pods, nil
}

// findPods returns the pods that are not on their way out already, sorted by name.
func findPods(ctx context.Context, cluster Cluster, target Target) ([]corev1.Pod, error) {
	client := cluster.Client.CoreV1().Pods(target.Namespace)
	if target.Name != "" {
		pod, err := client.Get(ctx, target.Name, metav1.GetOptions{})
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", target, err)
		}
		return []corev1.Pod{*pod}, nil
	}
	list, err := client.List(ctx, metav1.ListOptions{LabelSelector: target.Selector})
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", target, err)
	}
	pods := slices.DeleteFunc(list.Items, func(pod corev1.Pod) bool { return pod.DeletionTimestamp != nil })
	slices.SortFunc(pods, func(a, b corev1.Pod) int { return strings.Compare(a.Name, b.Name) })
	return pods, nil
}

// delete removes exactly this pod. One that is gone already is what was wanted.
func (r *RestartPod) delete(ctx context.Context, cluster Cluster, pod corev1.Pod) error {
	err := cluster.Client.CoreV1().Pods(pod.Namespace).Delete(ctx, pod.Name, metav1.DeleteOptions{
		GracePeriodSeconds: r.GracePeriodSeconds,
		Preconditions:      metav1.NewUIDPreconditions(string(pod.UID)),
		DryRun:             cluster.dryRun(),
	})
	if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) {
		return fmt.Errorf("delete Pod %s/%s: %w", pod.Namespace, pod.Name, err)
	}
	return nil
}

// names returns the names of the pods.
func names(pods []corev1.Pod) []string {
	found := make([]string, len(pods))
	for i, pod := range pods {
		found[i] = pod.Name
	}
	return found
}

// podStates shows for each pod what a reader wants to compare afterwards.
func podStates(pods []corev1.Pod) []State {
	states := make([]State, len(pods))
	for i, pod := range pods {
		restarts := int32(0)
		for _, status := range pod.Status.ContainerStatuses {
			restarts += status.RestartCount
		}
		states[i] = State{"name": pod.Name, "phase": string(pod.Status.Phase), "restarts": restarts, "ready": ready(&pod)}
	}
	return states
}

// replaced returns the check that the deleted pods are gone and that each of their
// controllers has as many new, ready pods as it lost. It completes the state with the
// names of the new pods.
func replaced(cluster Cluster, namespace string, doomed, known []corev1.Pod, after State) func(context.Context) error {
	return untilReplaced(cluster, namespace, newReplacement(doomed, known), after)
}

// replacedElsewhere is the same for a pod that stays, but belongs to nobody any more.
func replacedElsewhere(cluster Cluster, namespace string, pod corev1.Pod, known []corev1.Pod, after State) func(context.Context) error {
	replacement := newReplacement([]corev1.Pod{pod}, known)
	replacement.kept = true
	return untilReplaced(cluster, namespace, replacement, after)
}

// untilReplaced watches the pods of a namespace.
func untilReplaced(cluster Cluster, namespace string, replacement *replacement, after State) func(context.Context) error {
	client := cluster.Client.CoreV1().Pods(namespace)
	pods := collection{
		name: "pods",
		list: func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
			return client.List(ctx, options)
		},
		watch: func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
			return client.Watch(ctx, options)
		},
	}
	return func(ctx context.Context) error {
		return pods.until(ctx, func(objects map[types.UID]runtime.Object) (bool, string, error) {
			done, progress := replacement.progress(objects)
			if done {
				after["replacements"] = replacement.names(objects)
			}
			return done, progress, nil
		})
	}
}
