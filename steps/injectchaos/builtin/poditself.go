package builtin

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/steps/injectchaos/driver"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

// chosenPods returns the running pods that a request means and hits, and how many there were to choose from.
func chosenPods(ctx context.Context, request driver.Request) (pods []*unstructured.Unstructured, candidates int, err error) {
	p := &podDelete{request: request}
	if p.sets, err = p.find(ctx); err != nil {
		return nil, 0, err
	}
	alive, err := p.alive(ctx)
	if err != nil {
		return nil, 0, err
	}
	for _, pod := range alive {
		if phase, _, _ := unstructured.NestedString(pod.Object, "status", "phase"); phase == "Running" {
			pods = append(pods, pod)
		}
	}
	return choose(request, pods), len(pods), nil
}

// podContainer returns the name of the container of a pod that is meant, the first one if no name is given.
func podContainer(pod *unstructured.Unstructured, wanted string) (string, error) {
	containers, _, _ := unstructured.NestedSlice(pod.Object, "spec", "containers")
	var names []string
	for _, entry := range containers {
		c, _ := entry.(map[string]any)
		if name, _ := c["name"].(string); wanted == "" || wanted == name {
			return name, nil
		}
		names = append(names, fmt.Sprint(c["name"]))
	}
	return "", fmt.Errorf("%s has no container %q%s", describe(pod), wanted, diag.DidYouMean(wanted, names))
}

// statusOf returns the status of a container of a pod.
func statusOf(pod *unstructured.Unstructured, container string) map[string]any {
	if pod == nil {
		return nil
	}
	statuses, _, _ := unstructured.NestedSlice(pod.Object, "status", "containerStatuses")
	for _, entry := range statuses {
		if status, _ := entry.(map[string]any); status["name"] == container {
			return status
		}
	}
	return nil
}

func restarts(pod *unstructured.Unstructured, container string) int64 {
	n, _, _ := unstructured.NestedInt64(statusOf(pod, container), "restartCount")
	return n
}

// diedOf reports whether a container ended for a reason, now or the last time.
func diedOf(pod *unstructured.Unstructured, container, reason string) bool {
	status := statusOf(pod, container)
	now, _, _ := unstructured.NestedString(status, "state", "terminated", "reason")
	last, _, _ := unstructured.NestedString(status, "lastState", "terminated", "reason")
	return now == reason || last == reason
}

// readyPod looks for a pod that is ready, or that somebody removed in the meantime.
func readyPod(pod *unstructured.Unstructured) func(kube.Snapshot) (bool, string) {
	return func(shot kube.Snapshot) (bool, string) {
		gone := shot.Object == nil || shot.Object.GetUID() != pod.GetUID()
		return gone || condition(shot.Object, "Ready") == "True", fmt.Sprintf("%s is not ready again", describe(pod))
	}
}

// restarted looks for a container that was started again after we looked at the pod.
func restarted(pod *unstructured.Unstructured, container string) func(kube.Snapshot) (bool, string) {
	before := restarts(pod, container)
	return func(shot kube.Snapshot) (bool, string) {
		return restarts(shot.Object, container) > before, fmt.Sprintf("container %s of %s was not restarted yet", container, describe(pod))
	}
}
