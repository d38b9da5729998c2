package action

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// RotateSecrets gives a secret a new random value and renews the pods of the deployments
// that use it. No value, old or new, is shown anywhere.
type RotateSecrets struct {
	// Key is the entry of the secret.
	Key string `yaml:"key"`
}

// Validate demands the key.
func (r *RotateSecrets) Validate() error { return demand("key", r.Key) }

// Apply writes the new value and then restarts who uses it.
func (r *RotateSecrets) Apply(ctx context.Context, cluster Cluster, target Target) (Change, error) {
	client := cluster.Client.CoreV1().Secrets(target.Namespace)
	var before, after *corev1.Secret
	err := retryOnConflict(ctx, func() (err error) {
		if before, err = client.Get(ctx, target.Name, metav1.GetOptions{}); err != nil {
			return fmt.Errorf("read %s: %w", target, err)
		}
		if _, found := before.Data[r.Key]; !found {
			return fmt.Errorf("%s has no key %q", target, r.Key)
		}
		edited := before.DeepCopy()
		edited.Data[r.Key] = []byte(rand.Text())
		if after, err = client.Update(ctx, edited, metav1.UpdateOptions{DryRun: cluster.dryRun()}); err != nil {
			return fmt.Errorf("change %s: %w", target, err)
		}
		return nil
	})
	if err != nil {
		return Change{}, err
	}
	restarted, checks, err := restartUsers(ctx, cluster, target)
	return Change{
		Before: State{"resourceVersion": before.ResourceVersion},
		After:  State{"resourceVersion": after.ResourceVersion, "key": r.Key, "restarted": restarted},
		Verify: func(ctx context.Context) error {
			for _, check := range checks {
				if err := check(ctx); err != nil {
					return err
				}
			}
			return nil
		},
	}, err
}

// restartUsers renews the deployments that use the secret and returns their names and checks.
func restartUsers(ctx context.Context, cluster Cluster, secret Target) (restarted []string, checks []func(context.Context) error, err error) {
	deployments, err := cluster.Client.AppsV1().Deployments(secret.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, nil, fmt.Errorf("list the deployments of namespace %q: %w", secret.Namespace, err)
	}
	slices.SortFunc(deployments.Items, func(a, b appsv1.Deployment) int { return strings.Compare(a.Name, b.Name) })
	now := time.Now().UTC().Format(time.RFC3339Nano)
	for _, deployment := range deployments.Items {
		if !uses(deployment.Spec.Template.Spec, secret.Name) {
			continue
		}
		user := Target{Kind: Deployment, Namespace: secret.Namespace, Name: deployment.Name}
		_, after, err := updateDeployment(ctx, cluster, user, func(edited *appsv1.Deployment) error {
			edited.Spec.Template.Annotations = set(edited.Spec.Template.Annotations, restartedAtAnnotation, now)
			return nil
		})
		if err != nil {
			return restarted, checks, errors.Join(fmt.Errorf("the secret has a new value, but not everybody was restarted"), err)
		}
		restarted = append(restarted, deployment.Name)
		checks = append(checks, rolledOut(cluster, user, after.Generation))
	}
	return restarted, checks, nil
}

// uses reports whether pods take the secret from a volume or into their environment.
func uses(pod corev1.PodSpec, secret string) bool {
	for _, volume := range pod.Volumes {
		if volume.Secret != nil && volume.Secret.SecretName == secret {
			return true
		}
	}
	for _, container := range slices.Concat(pod.InitContainers, pod.Containers) {
		for _, source := range container.EnvFrom {
			if source.SecretRef != nil && source.SecretRef.Name == secret {
				return true
			}
		}
		for _, variable := range container.Env {
			if from := variable.ValueFrom; from != nil && from.SecretKeyRef != nil && from.SecretKeyRef.Name == secret {
				return true
			}
		}
	}
	return false
}
