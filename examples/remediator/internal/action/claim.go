package action

import (
	"context"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
)

// ExpandPVC makes a volume larger. A volume never shrinks, so there is no way back.
type ExpandPVC struct {
	Factor *float64 `yaml:"factor"`
	// Maximum is how large it may become.
	Maximum *Quantity `yaml:"maximum"`
}

// Validate demands an increase with an end.
func (e *ExpandPVC) Validate() error {
	if e.Factor == nil || e.Maximum == nil {
		return fmt.Errorf("the parameters factor and maximum are both needed")
	}
	return checkFactor("factor", e.Factor)
}

// Apply asks for more storage.
func (e *ExpandPVC) Apply(ctx context.Context, cluster Cluster, target Target) (Change, error) {
	client := cluster.Client.CoreV1().PersistentVolumeClaims(target.Namespace)
	var old, wanted resource.Quantity
	err := retryOnConflict(ctx, func() error {
		claim, err := client.Get(ctx, target.Name, metav1.GetOptions{})
		if err != nil {
			return fmt.Errorf("read %s: %w", target, err)
		}
		old = claim.Spec.Resources.Requests[corev1.ResourceStorage]
		if wanted = multiply(old, *e.Factor, e.Maximum); wanted.Cmp(old) <= 0 {
			return fmt.Errorf("%s has %s already, and maximum is %s", target, old.String(), e.Maximum.String())
		}
		claim.Spec.Resources.Requests[corev1.ResourceStorage] = wanted
		if _, err := client.Update(ctx, claim, metav1.UpdateOptions{DryRun: cluster.dryRun()}); err != nil {
			return fmt.Errorf("expand %s: %w", target, err)
		}
		return nil
	})
	if err != nil {
		return Change{}, err
	}
	return Change{
		Before: State{"storage": old.String()},
		After:  State{"storage": wanted.String()},
		Verify: untilObject(named("claim", target.Name, client.List, client.Watch), target, func(claim *corev1.PersistentVolumeClaim) (bool, string, error) {
			capacity := claim.Status.Capacity[corev1.ResourceStorage]
			return capacity.Cmp(wanted) >= 0, "the volume had " + capacity.String(), nil
		}),
	}, nil
}

// CleanupStorage deletes the claims that a selector finds and that no pod uses.
type CleanupStorage struct {
	// Maximum is how many claims may go at once.
	Maximum *int `yaml:"maximum"`
}

// Validate demands a limit, because what is deleted is data.
func (c *CleanupStorage) Validate() error {
	if c.Maximum == nil || *c.Maximum < 1 {
		return &ParameterError{"maximum", "must be given and be 1 or more"}
	}
	return nil
}

// Apply deletes each claim by its identity.
func (c *CleanupStorage) Apply(ctx context.Context, cluster Cluster, target Target) (Change, error) {
	client := cluster.Client.CoreV1().PersistentVolumeClaims(target.Namespace)
	claims, err := client.List(ctx, metav1.ListOptions{LabelSelector: target.Selector})
	if err != nil {
		return Change{}, fmt.Errorf("list %s: %w", target, err)
	}
	used, err := usedClaims(ctx, cluster, target.Namespace)
	if err != nil {
		return Change{}, err
	}
	unused := slices.DeleteFunc(claims.Items, func(claim corev1.PersistentVolumeClaim) bool {
		return used[claim.Name] || claim.DeletionTimestamp != nil
	})
	slices.SortFunc(unused, func(a, b corev1.PersistentVolumeClaim) int { return strings.Compare(a.Name, b.Name) })
	if len(unused) == 0 || len(unused) > *c.Maximum {
		return Change{}, fmt.Errorf("%s matches %d unused claims, expected 1 to %d", target, len(unused), *c.Maximum)
	}
	deleted := make([]string, len(unused))
	for i, claim := range unused {
		deleted[i] = claim.Name
		options := metav1.DeleteOptions{Preconditions: metav1.NewUIDPreconditions(string(claim.UID)), DryRun: cluster.dryRun()}
		if err := client.Delete(ctx, claim.Name, options); err != nil {
			return Change{}, fmt.Errorf("delete PersistentVolumeClaim %s/%s: %w", claim.Namespace, claim.Name, err)
		}
	}
	return Change{
		Before: State{"unused": deleted},
		After:  State{"deleted": deleted},
		Verify: claimsGone(cluster, target.Namespace, unused),
	}, nil
}

// usedClaims returns the names of the claims that pods of the namespace mount.
func usedClaims(ctx context.Context, cluster Cluster, namespace string) (map[string]bool, error) {
	pods, err := cluster.Client.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("list the pods of namespace %q: %w", namespace, err)
	}
	used := make(map[string]bool)
	for _, pod := range pods.Items {
		for _, volume := range pod.Spec.Volumes {
			if volume.PersistentVolumeClaim != nil {
				used[volume.PersistentVolumeClaim.ClaimName] = true
			}
		}
	}
	return used, nil
}

// claimsGone returns the check that none of the claims is left.
func claimsGone(cluster Cluster, namespace string, gone []corev1.PersistentVolumeClaim) func(context.Context) error {
	client := cluster.Client.CoreV1().PersistentVolumeClaims(namespace)
	claims := collection{
		name: "claims",
		list: func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
			return client.List(ctx, options)
		},
		watch: func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
			return client.Watch(ctx, options)
		},
	}
	return func(ctx context.Context) error {
		return claims.until(ctx, func(objects map[types.UID]runtime.Object) (bool, string, error) {
			for _, claim := range gone {
				if objects[claim.UID] != nil {
					return false, fmt.Sprintf("claim %q was still there", claim.Name), nil
				}
			}
			return true, "", nil
		})
	}
}
