package simulation

import (
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// Answers to exec, which a scenario can set.
const (
	// ExecOutput is what a command prints.
	ExecOutput = Prefix + "exec-output"
	// ExecExitCode is the code with which a command ends.
	ExecExitCode = Prefix + "exec-exit-code"
)

// LogOf returns the log of a container. Its first line says that it is simulated, and the rest is what the annotation
// says, so that the last line of a crashing container is the reason that the scenario gives.
func LogOf(pod *corev1.Pod, container string, previous bool) (string, error) {
	v, found := findContainer(pod, container)
	if !found {
		return "", fmt.Errorf("container %q is not in pod %q", container, pod.Name)
	}
	restarts := v.status.RestartCount
	state := v.status.State
	if previous {
		if v.status.LastTerminationState.Terminated == nil {
			return "", fmt.Errorf("previous terminated container %q in pod %q not found", container, pod.Name)
		}
		restarts--
		state = v.status.LastTerminationState
	}
	if state.Waiting != nil && v.status.LastTerminationState.Terminated != nil {
		state = v.status.LastTerminationState
	}
	if state.Running == nil && state.Terminated == nil {
		return "", fmt.Errorf("container %q in pod %q is waiting to start: %s", container, pod.Name, waitingReason(state))
	}
	text := fmt.Sprintf("[simulated] container %s of pod %s/%s with image %s, started %s, restarts %d\n",
		container, pod.Namespace, pod.Name, v.container.Image, startOf(state).UTC().Format(time.RFC3339), max(restarts, 0))
	if said := pod.Annotations[Logs]; said != "" {
		text += strings.TrimSuffix(said, "\n") + "\n"
	}
	return text, nil
}

func findContainer(pod *corev1.Pod, name string) (view, bool) {
	for i := range pod.Spec.InitContainers {
		if pod.Spec.InitContainers[i].Name == name {
			return viewOf(pod, &pod.Spec.InitContainers[i], true), true
		}
	}
	for i := range pod.Spec.Containers {
		if pod.Spec.Containers[i].Name == name {
			return viewOf(pod, &pod.Spec.Containers[i], false), true
		}
	}
	return view{}, false
}

func waitingReason(state corev1.ContainerState) string {
	if state.Waiting == nil {
		return "ContainerCreating"
	}
	return state.Waiting.Reason
}

func startOf(state corev1.ContainerState) time.Time {
	if state.Running != nil {
		return state.Running.StartedAt.Time
	}
	return state.Terminated.StartedAt.Time
}
