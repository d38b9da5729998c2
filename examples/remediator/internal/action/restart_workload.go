package action

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

const (
	componentLabel    = "app.kubernetes.io/component"
	networkComponent  = "network"
	meshAnnotation    = "sidecar.istio.io/inject"
	meshAnnotationSet = "true"
)

// RestartDaemonSet renews the pods of a daemon set, node by node, as kubectl rollout
// restart does. It has no parameters.
type RestartDaemonSet struct{}

// Validate has nothing to refuse.
func (*RestartDaemonSet) Validate() error { return nil }

// Apply marks the template as new.
func (*RestartDaemonSet) Apply(ctx context.Context, cluster Cluster, target Target) (Change, error) {
	client := cluster.Client.AppsV1().DaemonSets(target.Namespace)
	before, err := client.Get(ctx, target.Name, metav1.GetOptions{})
	if err != nil {
		return Change{}, fmt.Errorf("read %s: %w", target, err)
	}
	now := time.Now().UTC().Format(time.RFC3339Nano)
	patch, err := restartPatch(now)
	if err != nil {
		return Change{}, fmt.Errorf("encode the patch of %s: %w", target, err)
	}
	after, err := client.Patch(ctx, target.Name, types.StrategicMergePatchType, patch, metav1.PatchOptions{DryRun: cluster.dryRun()})
	if err != nil {
		return Change{}, fmt.Errorf("restart %s: %w", target, err)
	}
	objects := named("daemon set", target.Name, client.List, client.Watch)
	return Change{
		Before: State{"generation": before.Generation, "pods": before.Status.DesiredNumberScheduled},
		After:  State{"generation": after.Generation, "restartedAt": now},
		Verify: untilObject(objects, target, func(set *appsv1.DaemonSet) (bool, string, error) {
			return daemonProgress(set, after.Generation)
		}),
	}, nil
}

// daemonProgress judges a daemon set by the rules of kubectl rollout status.
func daemonProgress(set *appsv1.DaemonSet, generation int64) (done bool, progress string, err error) {
	status := set.Status
	switch {
	case status.ObservedGeneration < generation:
		return false, "the new spec was not observed yet", nil
	case status.UpdatedNumberScheduled < status.DesiredNumberScheduled:
		return false, fmt.Sprintf("%d of %d pods were renewed", status.UpdatedNumberScheduled, status.DesiredNumberScheduled), nil
	case status.NumberAvailable < status.DesiredNumberScheduled:
		return false, fmt.Sprintf("%d of %d pods were available", status.NumberAvailable, status.DesiredNumberScheduled), nil
	}
	return true, "", nil
}

// restartPatch marks a template as new.
func restartPatch(now string) ([]byte, error) {
	annotations := map[string]any{"annotations": map[string]string{restartedAtAnnotation: now}}
	return json.Marshal(map[string]any{"spec": map[string]any{"template": map[string]any{"metadata": annotations}}})
}

// RestartNetwork renews the agents of the pod network: a daemon set that is labelled as
// such, because everything that runs on a node depends on it. It has no parameters.
type RestartNetwork struct{}

// Validate has nothing to refuse.
func (*RestartNetwork) Validate() error { return nil }

// Apply restarts the daemon set if it says that it is the network.
func (*RestartNetwork) Apply(ctx context.Context, cluster Cluster, target Target) (Change, error) {
	found, err := cluster.Client.AppsV1().DaemonSets(target.Namespace).Get(ctx, target.Name, metav1.GetOptions{})
	if err != nil {
		return Change{}, fmt.Errorf("read %s: %w", target, err)
	}
	if component := found.Labels[componentLabel]; component != networkComponent {
		return Change{}, fmt.Errorf("%s has %s=%q, expected %q; only the agents of the network are restarted", target, componentLabel, component, networkComponent)
	}
	return (&RestartDaemonSet{}).Apply(ctx, cluster, target)
}

// ResetServiceMesh renews the pods of a deployment, so that the mesh gives them new
// proxies. It has no parameters.
type ResetServiceMesh struct{}

// Validate has nothing to refuse.
func (*ResetServiceMesh) Validate() error { return nil }

// Apply marks the template as new if its pods are in the mesh.
func (*ResetServiceMesh) Apply(ctx context.Context, cluster Cluster, target Target) (Change, error) {
	now := time.Now().UTC().Format(time.RFC3339Nano)
	before, after, err := updateDeployment(ctx, cluster, target, func(deployment *appsv1.Deployment) error {
		template := &deployment.Spec.Template
		if template.Annotations[meshAnnotation] != meshAnnotationSet {
			return fmt.Errorf("its pods are not in the mesh; expected the annotation %s: %q in the template", meshAnnotation, meshAnnotationSet)
		}
		template.Annotations = set(template.Annotations, restartedAtAnnotation, now)
		return nil
	})
	if err != nil {
		return Change{}, err
	}
	return Change{
		Before: State{"revision": before.Annotations[revisionAnnotation]},
		After:  State{"restartedAt": now},
		Verify: rolledOut(cluster, target, after.Generation),
		Undo:   undoTemplate(cluster, target, before),
	}, nil
}
