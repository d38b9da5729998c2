package action

import (
	"context"
	"encoding/json"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
)

// restartedAtAnnotation is the one with which kubectl rollout restart makes a template new.
const restartedAtAnnotation = "kubectl.kubernetes.io/restartedAt"

// named returns the collection that holds nothing but the object of that name.
func named[L runtime.Object](
	what, name string,
	list func(context.Context, metav1.ListOptions) (L, error),
	watching func(context.Context, metav1.ListOptions) (watch.Interface, error),
) collection {
	return collection{
		name:    what,
		options: metav1.ListOptions{FieldSelector: fields.OneTermEqualSelector("metadata.name", name).String()},
		list: func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
			return list(ctx, options)
		},
		watch: watching,
	}
}

// untilObject returns the check that the only object of a collection is as judge wants it.
func untilObject[T runtime.Object](objects collection, target Target, judge func(T) (bool, string, error)) func(context.Context) error {
	return func(ctx context.Context) error {
		return objects.until(ctx, func(found map[types.UID]runtime.Object) (bool, string, error) {
			for _, object := range found {
				if typed, ok := object.(T); ok {
					return judge(typed)
				}
			}
			return false, "", fmt.Errorf("%s is gone", target)
		})
	}
}

// updateDeployment edits the deployment as it is now, bound to the version that was read,
// and returns it as it was and as it is.
func updateDeployment(ctx context.Context, cluster Cluster, target Target, edit func(*appsv1.Deployment) error) (before, after *appsv1.Deployment, err error) {
	client := cluster.Client.AppsV1().Deployments(target.Namespace)
	err = retryOnConflict(ctx, func() error {
		if before, err = readDeployment(ctx, cluster, target); err != nil {
			return err
		}
		edited := before.DeepCopy()
		if err := edit(edited); err != nil {
			return fmt.Errorf("%s: %w", target, err)
		}
		if after, err = client.Update(ctx, edited, metav1.UpdateOptions{DryRun: cluster.dryRun()}); err != nil {
			return fmt.Errorf("change %s: %w", target, err)
		}
		return nil
	})
	return before, after, err
}

// undoTemplate returns the way back to the template that a deployment had.
func undoTemplate(cluster Cluster, target Target, before *appsv1.Deployment) func(context.Context) error {
	return func(ctx context.Context) error {
		patch, err := json.Marshal([]map[string]any{{"op": "replace", "path": "/spec/template", "value": before.Spec.Template}})
		if err != nil {
			return fmt.Errorf("encode the patch of %s: %w", target, err)
		}
		restored, err := cluster.Client.AppsV1().Deployments(target.Namespace).Patch(ctx, target.Name, types.JSONPatchType, patch, metav1.PatchOptions{})
		if err != nil {
			return fmt.Errorf("restore the template of %s: %w", target, err)
		}
		return rolledOut(cluster, target, restored.Generation)(ctx)
	}
}

// set writes an entry into a map that may not be there yet.
func set(entries map[string]string, key, value string) map[string]string {
	if entries == nil {
		entries = make(map[string]string)
	}
	entries[key] = value
	return entries
}
