package action

import (
	"context"
	"encoding/json"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
)

// CordonNode keeps new pods away from a node.
type CordonNode struct {
	// MaximumCordoned is how many nodes may be cordoned at once, this one included.
	MaximumCordoned *int `yaml:"maximumCordoned"`
}

// Validate refuses a limit that would forbid the action altogether.
func (c *CordonNode) Validate() error {
	if c.MaximumCordoned != nil && *c.MaximumCordoned < 1 {
		return &ParameterError{"maximumCordoned", fmt.Sprintf("must be 1 or more, found %d", *c.MaximumCordoned)}
	}
	return nil
}

// Apply sets spec.unschedulable. The patch names the version that was read, so that two
// writers can't undo each other unseen.
func (c *CordonNode) Apply(ctx context.Context, cluster Cluster, target Target) (Change, error) {
	client := cluster.Client.CoreV1().Nodes()
	if err := c.checkLimit(ctx, cluster, target); err != nil {
		return Change{}, err
	}
	var before, after *corev1.Node
	err := retryOnConflict(ctx, func() (err error) {
		if before, err = client.Get(ctx, target.Name, metav1.GetOptions{}); err != nil {
			return fmt.Errorf("read %s: %w", target, err)
		}
		patch, err := json.Marshal(map[string]any{
			"metadata": map[string]any{"resourceVersion": before.ResourceVersion},
			"spec":     map[string]any{"unschedulable": true},
		})
		if err != nil {
			return fmt.Errorf("encode the patch of %s: %w", target, err)
		}
		options := metav1.PatchOptions{DryRun: cluster.dryRun()}
		if after, err = client.Patch(ctx, target.Name, types.MergePatchType, patch, options); err != nil {
			return fmt.Errorf("cordon %s: %w", target, err)
		}
		return nil
	})
	if err != nil {
		return Change{}, err
	}
	return Change{
		Before: State{"unschedulable": before.Spec.Unschedulable},
		After:  State{"unschedulable": after.Spec.Unschedulable},
		Verify: cordoned(cluster, target),
		Undo:   uncordon(cluster, target, before.Spec.Unschedulable),
	}, nil
}

// uncordon returns the way back to a node that was open; one that was closed stays so.
func uncordon(cluster Cluster, target Target, wasClosed bool) func(context.Context) error {
	return func(ctx context.Context) error {
		patch := fmt.Appendf(nil, `{"spec":{"unschedulable":%t}}`, wasClosed)
		if _, err := cluster.Client.CoreV1().Nodes().Patch(ctx, target.Name, types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
			return fmt.Errorf("uncordon %s: %w", target, err)
		}
		return nil
	}
}

// checkLimit counts the other cordoned nodes: a remediation that closes node after node
// does more harm than the fault.
func (c *CordonNode) checkLimit(ctx context.Context, cluster Cluster, target Target) error {
	if c.MaximumCordoned == nil {
		return nil
	}
	nodes, err := cluster.Client.CoreV1().Nodes().List(ctx, metav1.ListOptions{
		FieldSelector: fields.OneTermEqualSelector("spec.unschedulable", "true").String(),
	})
	if err != nil {
		return fmt.Errorf("list the cordoned nodes: %w", err)
	}
	others := 0
	for _, node := range nodes.Items {
		if node.Name != target.Name {
			others++
		}
	}
	if others >= *c.MaximumCordoned {
		return fmt.Errorf("%d other nodes are cordoned, and maximumCordoned is %d", others, *c.MaximumCordoned)
	}
	return nil
}

// cordoned waits for the taint that the node controller adds, because that taint and not
// the field is what the scheduler obeys.
func cordoned(cluster Cluster, target Target) func(context.Context) error {
	client := cluster.Client.CoreV1().Nodes()
	nodes := collection{
		name:    "node",
		options: metav1.ListOptions{FieldSelector: fields.OneTermEqualSelector("metadata.name", target.Name).String()},
		list: func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
			return client.List(ctx, options)
		},
		watch: func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
			return client.Watch(ctx, options)
		},
	}
	return func(ctx context.Context) error {
		return nodes.until(ctx, func(objects map[types.UID]runtime.Object) (bool, string, error) {
			for _, object := range objects {
				if node, ok := object.(*corev1.Node); ok {
					return cordonProgress(node, target)
				}
			}
			return false, "", fmt.Errorf("%s was deleted while it was cordoned", target)
		})
	}
}

// cordonProgress judges one version of the node.
func cordonProgress(node *corev1.Node, target Target) (done bool, progress string, err error) {
	if !node.Spec.Unschedulable {
		return false, "", fmt.Errorf("somebody uncordoned %s at once", target)
	}
	for _, taint := range node.Spec.Taints {
		if taint.Key == corev1.TaintNodeUnschedulable {
			return true, "", nil
		}
	}
	return false, "the node had no taint " + corev1.TaintNodeUnschedulable + " yet", nil
}
