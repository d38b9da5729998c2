package action

import (
	"context"
	"fmt"

	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// UpdateNetworkPolicy lets the pods with a label in again that a policy keeps out.
type UpdateNetworkPolicy struct {
	Label string `yaml:"label"`
	Value string `yaml:"value"`
}

// Validate demands a label with a value: to let everybody in is no remedy.
func (u *UpdateNetworkPolicy) Validate() error { return demand("label", u.Label, "value", u.Value) }

// Apply adds a rule to the policy.
func (u *UpdateNetworkPolicy) Apply(ctx context.Context, cluster Cluster, target Target) (Change, error) {
	client := cluster.Client.NetworkingV1().NetworkPolicies(target.Namespace)
	peer := networkingv1.NetworkPolicyPeer{PodSelector: &metav1.LabelSelector{MatchLabels: map[string]string{u.Label: u.Value}}}
	wanted := networkingv1.NetworkPolicyIngressRule{From: []networkingv1.NetworkPolicyPeer{peer}}
	var old []networkingv1.NetworkPolicyIngressRule
	write := func(ctx context.Context, cluster Cluster, edit func(*networkingv1.NetworkPolicy) error) error {
		return retryOnConflict(ctx, func() error {
			policy, err := client.Get(ctx, target.Name, metav1.GetOptions{})
			if err != nil {
				return fmt.Errorf("read %s: %w", target, err)
			}
			if err := edit(policy); err != nil {
				return err
			}
			if _, err := client.Update(ctx, policy, metav1.UpdateOptions{DryRun: cluster.dryRun()}); err != nil {
				return fmt.Errorf("change %s: %w", target, err)
			}
			return nil
		})
	}
	err := write(ctx, cluster, func(policy *networkingv1.NetworkPolicy) error {
		old = policy.Spec.Ingress
		if allows(policy, wanted) {
			return fmt.Errorf("%s lets pods with %s=%s in already", target, u.Label, u.Value)
		}
		policy.Spec.Ingress = append(policy.DeepCopy().Spec.Ingress, wanted)
		return nil
	})
	if err != nil {
		return Change{}, err
	}
	return Change{
		Before: State{"ingressRules": len(old)},
		After:  State{"ingressRules": len(old) + 1, "allowed": u.Label + "=" + u.Value},
		Verify: untilObject(named("network policy", target.Name, client.List, client.Watch), target, func(policy *networkingv1.NetworkPolicy) (bool, string, error) {
			return allows(policy, wanted), "somebody took the rule away again", nil
		}),
		Undo: func(ctx context.Context) error {
			return write(ctx, cluster, func(policy *networkingv1.NetworkPolicy) error {
				policy.Spec.Ingress = old
				return nil
			})
		},
	}, nil
}

// allows reports whether the policy has the rule.
func allows(policy *networkingv1.NetworkPolicy, wanted networkingv1.NetworkPolicyIngressRule) bool {
	for _, rule := range policy.Spec.Ingress {
		if equality.Semantic.DeepEqual(rule, wanted) {
			return true
		}
	}
	return false
}
