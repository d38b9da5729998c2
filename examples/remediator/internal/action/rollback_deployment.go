package action

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// revisionAnnotation is where the deployment controller counts the templates of a deployment.
const revisionAnnotation = "deployment.kubernetes.io/revision"

// RollbackDeployment goes back to the template before the present one, as kubectl rollout
// undo does. It has no parameters.
type RollbackDeployment struct{}

// Validate has nothing to refuse.
func (*RollbackDeployment) Validate() error { return nil }

// Apply replaces the template of the deployment by that of the previous revision.
func (*RollbackDeployment) Apply(ctx context.Context, cluster Cluster, target Target) (Change, error) {
	client := cluster.Client.AppsV1().Deployments(target.Namespace)
	var before, after *appsv1.Deployment
	var previous *appsv1.ReplicaSet
	err := retryOnConflict(ctx, func() (err error) {
		if before, err = readDeployment(ctx, cluster, target); err != nil {
			return err
		}
		if previous, err = previousRevision(ctx, cluster, target, before); err != nil {
			return err
		}
		patch, err := rollbackPatch(before, previous)
		if err != nil {
			return fmt.Errorf("encode the patch of %s: %w", target, err)
		}
		options := metav1.PatchOptions{DryRun: cluster.dryRun()}
		if after, err = client.Patch(ctx, target.Name, types.JSONPatchType, patch, options); err != nil {
			return fmt.Errorf("roll back %s: %w", target, err)
		}
		return nil
	})
	if err != nil {
		return Change{}, err
	}
	return Change{
		Before: State{"revision": before.Annotations[revisionAnnotation], "images": images(before.Spec.Template)},
		After:  State{"rolledBackTo": previous.Annotations[revisionAnnotation], "images": images(after.Spec.Template)},
		Verify: rolledOut(cluster, target, after.Generation),
	}, nil
}

// previousRevision finds the newest replica set of the deployment with another template.
func previousRevision(ctx context.Context, cluster Cluster, target Target, deployment *appsv1.Deployment) (*appsv1.ReplicaSet, error) {
	if deployment.Spec.Paused {
		return nil, fmt.Errorf("%s is paused; resume it before it can be rolled back", target)
	}
	selector, err := metav1.LabelSelectorAsSelector(deployment.Spec.Selector)
	if err != nil {
		return nil, fmt.Errorf("read the selector of %s: %w", target, err)
	}
	sets, err := cluster.Client.AppsV1().ReplicaSets(target.Namespace).List(ctx, metav1.ListOptions{LabelSelector: selector.String()})
	if err != nil {
		return nil, fmt.Errorf("list the replica sets of %s: %w", target, err)
	}
	var previous *appsv1.ReplicaSet
	for i := range sets.Items {
		set := &sets.Items[i]
		if !metav1.IsControlledBy(set, deployment) || revision(set) == 0 {
			continue
		}
		if equality.Semantic.DeepEqual(ownTemplate(set), deployment.Spec.Template) {
			continue
		}
		if previous == nil || revision(set) > revision(previous) {
			previous = set
		}
	}
	if previous == nil {
		return nil, fmt.Errorf("%s has no revision with another template to go back to", target)
	}
	return previous, nil
}

// revision returns the number of a revision, 0 where there is none.
func revision(set *appsv1.ReplicaSet) int64 {
	number, err := strconv.ParseInt(set.Annotations[revisionAnnotation], 10, 64)
	if err != nil {
		return 0
	}
	return number
}

// ownTemplate returns the template as the deployment had it, without the controller's hash label.
func ownTemplate(set *appsv1.ReplicaSet) corev1.PodTemplateSpec {
	template := set.Spec.Template.DeepCopy()
	delete(template.Labels, appsv1.DefaultDeploymentUniqueLabelKey)
	return *template
}

// rollbackPatch replaces template and annotations, bound to the version that was read.
func rollbackPatch(deployment *appsv1.Deployment, previous *appsv1.ReplicaSet) ([]byte, error) {
	type operation struct {
		Op    string `json:"op"`
		Path  string `json:"path"`
		Value any    `json:"value"`
	}
	return json.Marshal([]operation{
		{"replace", "/metadata/resourceVersion", deployment.ResourceVersion},
		{"add", "/metadata/annotations", rollbackAnnotations(deployment, previous)},
		{"replace", "/spec/template", ownTemplate(previous)},
	})
}

// rollbackAnnotations takes the annotations of the revision, such as its change cause, and
// keeps of the deployment those that belong to it alone.
func rollbackAnnotations(deployment *appsv1.Deployment, previous *appsv1.ReplicaSet) map[string]string {
	own := map[string]bool{
		corev1.LastAppliedConfigAnnotation:          true,
		revisionAnnotation:                          true,
		"deployment.kubernetes.io/revision-history": true,
		"deployment.kubernetes.io/desired-replicas": true,
		"deployment.kubernetes.io/max-replicas":     true,
		appsv1.DeprecatedRollbackTo:                 true,
	}
	annotations := make(map[string]string)
	for name, value := range deployment.Annotations {
		if own[name] {
			annotations[name] = value
		}
	}
	for name, value := range previous.Annotations {
		if !own[name] {
			annotations[name] = value
		}
	}
	return annotations
}
