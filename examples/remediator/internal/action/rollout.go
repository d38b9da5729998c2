package action

import (
	"context"
	"errors"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
)

// deadlineExceeded is the reason that the deployment controller gives when it has given up hope.
const deadlineExceeded = "ProgressDeadlineExceeded"

// readDeployment reads the target.
func readDeployment(ctx context.Context, cluster Cluster, target Target) (*appsv1.Deployment, error) {
	deployment, err := cluster.Client.AppsV1().Deployments(target.Namespace).Get(ctx, target.Name, metav1.GetOptions{})
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", target, err)
	}
	return deployment, nil
}

// rolledOut returns the check that generation, or a later one, of the target is rolled out.
func rolledOut(cluster Cluster, target Target, generation int64) func(context.Context) error {
	client := cluster.Client.AppsV1().Deployments(target.Namespace)
	deployments := collection{
		name:    "deployment",
		options: metav1.ListOptions{FieldSelector: fields.OneTermEqualSelector("metadata.name", target.Name).String()},
		list: func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
			return client.List(ctx, options)
		},
		watch: func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
			return client.Watch(ctx, options)
		},
	}
	return func(ctx context.Context) error {
		return deployments.until(ctx, func(objects map[types.UID]runtime.Object) (bool, string, error) {
			for _, object := range objects {
				if deployment, ok := object.(*appsv1.Deployment); ok {
					return rolloutProgress(deployment, generation)
				}
			}
			return false, "", fmt.Errorf("%s was deleted during its rollout", target)
		})
	}
}

// rolloutProgress judges a deployment by the rules of kubectl rollout status, and also
// waits for the pods that a smaller number of replicas makes superfluous.
func rolloutProgress(deployment *appsv1.Deployment, generation int64) (done bool, progress string, err error) {
	status := deployment.Status
	if status.ObservedGeneration < max(generation, deployment.Generation) {
		return false, "the new spec was not observed yet", nil
	}
	for _, condition := range status.Conditions {
		if condition.Type == appsv1.DeploymentProgressing && condition.Reason == deadlineExceeded {
			return false, "", errors.New("the rollout exceeded its progress deadline: " + condition.Message)
		}
	}
	wanted := replicas(deployment)
	switch {
	case status.UpdatedReplicas < wanted:
		return false, fmt.Sprintf("%d of %d new replicas were created", status.UpdatedReplicas, wanted), nil
	case status.Replicas > wanted:
		return false, fmt.Sprintf("%d superfluous replicas were left", status.Replicas-wanted), nil
	case status.AvailableReplicas < wanted:
		return false, fmt.Sprintf("%d of %d replicas were available", status.AvailableReplicas, wanted), nil
	}
	return true, "", nil
}

// replicas returns how many pods a deployment asks for; the API's default is one.
func replicas(deployment *appsv1.Deployment) int32 {
	if deployment.Spec.Replicas == nil {
		return 1
	}
	return *deployment.Spec.Replicas
}

// images shows which image each container of a template runs.
func images(template corev1.PodTemplateSpec) map[string]string {
	found := make(map[string]string, len(template.Spec.Containers))
	for _, container := range template.Spec.Containers {
		found[container.Name] = container.Image
	}
	return found
}
