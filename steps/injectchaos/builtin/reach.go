package builtin

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/remote"
)

// reach is how the driver gets to know of pods what no object says.
type reach struct {
	// simulated reports whether nothing of a pod is real but its object.
	simulated func(ctx context.Context, place *kube.Target, pod *unstructured.Unstructured) (bool, error)
	// shell runs a script in a container of a pod and returns its exit code and what it wrote.
	shell func(ctx context.Context, place *kube.Target, pod *unstructured.Unstructured, container, script string) (int, string, error)
	// enforcement is how long a network may take to enforce a policy.
	enforcement time.Duration
}

// onSimulatedNode reports whether the node of a pod is one of a sandbox. A node that we may not see counts as real.
func onSimulatedNode(ctx context.Context, place *kube.Target, pod *unstructured.Unstructured) (bool, error) {
	name, _, _ := unstructured.NestedString(pod.Object, "spec", "nodeName")
	if name == "" {
		return false, nil
	}
	node, err := place.Get(ctx, kube.Ref{APIVersion: "v1", Kind: "Node", Name: name})
	if apierrors.IsNotFound(err) || apierrors.IsForbidden(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return kube.Simulated(node), nil
}

// noShell is the exit code of a command that is not there.
const noShell = 127

// inContainer runs a script by exec.
func inContainer(ctx context.Context, place *kube.Target, pod *unstructured.Unstructured, container, script string) (int, string, error) {
	var out bytes.Buffer
	code, err := remote.Exec(ctx, place.Cluster, remote.Command{
		Namespace: pod.GetNamespace(), Pod: pod.GetName(), Container: container, Words: []string{"sh", "-c", script},
	}, &out, &out)
	if err != nil && strings.Contains(err.Error(), "executable file not found") {
		return noShell, err.Error(), nil // containerd tells it so; others by the exit code
	}
	if err != nil {
		return code, out.String(), fmt.Errorf("run a command in container %q of %s: %w", container, describe(pod), err)
	}
	return code, out.String(), nil
}

// alike reports whether all pods are simulated, or none. A fault on both kinds at once would prove two things as one.
func (r reach) alike(ctx context.Context, place *kube.Target, pods []*unstructured.Unstructured) (simulated bool, err error) {
	for i, pod := range pods {
		one, err := r.simulated(ctx, place, pod)
		if err != nil {
			return false, err
		}
		if i > 0 && one != simulated {
			return false, fmt.Errorf("some of the pods run on simulated nodes and some on real ones, as %s and %s do; choose pods of one kind", describe(pods[0]), describe(pod))
		}
		simulated = one
	}
	return simulated, nil
}
