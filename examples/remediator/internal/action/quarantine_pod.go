package action

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// quarantineLabel marks a pod that is kept for those who look into it, and names the
// network policy that cuts it off.
const quarantineLabel = "remediator/quarantine"

// QuarantinePod takes a pod out of service and cuts it off, but keeps it for a closer look;
// its controller starts another one. It has no parameters.
type QuarantinePod struct{}

// Validate has nothing to refuse.
func (*QuarantinePod) Validate() error { return nil }

// Apply makes the network policy first and then takes the labels away by which services
// and the controller know the pod.
func (*QuarantinePod) Apply(ctx context.Context, cluster Cluster, target Target) (Change, error) {
	client := cluster.Client.CoreV1().Pods(target.Namespace)
	known, err := client.List(ctx, metav1.ListOptions{})
	if err != nil {
		return Change{}, fmt.Errorf("list the pods of namespace %q: %w", target.Namespace, err)
	}
	pod, err := client.Get(ctx, target.Name, metav1.GetOptions{})
	if err != nil {
		return Change{}, fmt.Errorf("read %s: %w", target, err)
	}
	if metav1.GetControllerOf(pod) == nil {
		return Change{}, fmt.Errorf("pod %q has no controller that would start another one", pod.Name)
	}
	if err := isolate(ctx, cluster, target.Namespace); err != nil {
		return Change{}, err
	}
	labels := map[string]any{quarantineLabel: "true"}
	for name := range pod.Labels {
		labels[name] = nil
	}
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"labels": labels, "uid": pod.UID}})
	if err != nil {
		return Change{}, fmt.Errorf("encode the patch of %s: %w", target, err)
	}
	if _, err := client.Patch(ctx, target.Name, types.MergePatchType, patch, metav1.PatchOptions{DryRun: cluster.dryRun()}); err != nil {
		return Change{}, fmt.Errorf("take the labels of %s away: %w", target, err)
	}
	after := State{"quarantined": pod.Name}
	known.Items = slices.DeleteFunc(known.Items, func(other corev1.Pod) bool { return other.UID == pod.UID })
	return Change{
		Before: State{"pod": pod.Name, "labels": pod.Labels},
		After:  after,
		Verify: released(cluster, target, *pod, known.Items, after),
	}, nil
}

// isolate makes the network policy that lets nothing in or out of pods in quarantine.
func isolate(ctx context.Context, cluster Cluster, namespace string) error {
	policy := &networkingv1.NetworkPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: "remediator-quarantine"},
		Spec: networkingv1.NetworkPolicySpec{
			PodSelector: metav1.LabelSelector{MatchLabels: map[string]string{quarantineLabel: "true"}},
			PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress},
		},
	}
	_, err := cluster.Client.NetworkingV1().NetworkPolicies(namespace).Create(ctx, policy, metav1.CreateOptions{DryRun: cluster.dryRun()})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("make the network policy of the quarantine in namespace %q: %w", namespace, err)
	}
	return nil
}

// released returns the check that the controller has let go of the pod and replaced it.
func released(cluster Cluster, target Target, pod corev1.Pod, known []corev1.Pod, after State) func(context.Context) error {
	client := cluster.Client.CoreV1().Pods(target.Namespace)
	letGo := untilObject(named("pod", target.Name, client.List, client.Watch), target, func(pod *corev1.Pod) (bool, string, error) {
		return metav1.GetControllerOf(pod) == nil, "its controller had not let go of it yet", nil
	})
	replacement := replacedElsewhere(cluster, target.Namespace, pod, known, after)
	return func(ctx context.Context) error {
		if err := letGo(ctx); err != nil {
			return err
		}
		return replacement(ctx)
	}
}
