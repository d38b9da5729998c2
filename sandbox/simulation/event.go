package simulation

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Simulated marks what a kubelet would have written and the simulation has written in its place.
const Simulated = Prefix + "simulated"

// EventOf returns the event with which a kubelet accompanies a step of a pod, or nil if there is none.
func EventOf(pod *corev1.Pod, step Step, now time.Time) *corev1.Event {
	kind, reason, message, subject := describe(pod, step)
	if reason == "" {
		return nil
	}
	count := int32(1)
	if step == BackOff || step == OutOfMemory {
		count += subject.status.RestartCount
	}
	event := &corev1.Event{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Event"},
		ObjectMeta: metav1.ObjectMeta{
			// The same thing happening again to the same container counts in the same event.
			Name:        fmt.Sprintf("%s.%s.%s", pod.Name, subject.status.Name, step),
			Namespace:   pod.Namespace,
			Annotations: map[string]string{Simulated: "true"},
		},
		InvolvedObject: corev1.ObjectReference{
			APIVersion: "v1", Kind: "Pod", Namespace: pod.Namespace, Name: pod.Name, UID: pod.UID,
			FieldPath: fmt.Sprintf("spec.containers{%s}", subject.status.Name),
		},
		Type: kind, Reason: reason, Message: message, Count: count,
		Source:         corev1.EventSource{Component: "kubelet", Host: pod.Spec.NodeName},
		FirstTimestamp: metav1.NewTime(now), LastTimestamp: metav1.NewTime(now),
		ReportingController: "kubelet", ReportingInstance: pod.Spec.NodeName,
	}
	if count > 1 && pod.Status.StartTime != nil {
		event.FirstTimestamp = *pod.Status.StartTime
	}
	return event
}

func describe(pod *corev1.Pod, step Step) (kind, reason, message string, subject view) {
	subject = subjectOf(pod, step)
	name, image := subject.status.Name, ""
	if subject.container != nil {
		image = subject.container.Image
	}
	switch step {
	case Pull:
		return corev1.EventTypeWarning, "Failed", fmt.Sprintf("Failed to pull image %q: %s", image, pullError(image)), subject
	case PullBackOff:
		return corev1.EventTypeWarning, "BackOff", fmt.Sprintf("Back-off pulling image %q", image), subject
	case BackOff:
		return corev1.EventTypeWarning, "BackOff", fmt.Sprintf("Back-off restarting failed container %s in pod %s_%s(%s)", name, pod.Name, pod.Namespace, pod.UID), subject
	case OutOfMemory:
		return corev1.EventTypeWarning, "OOMKilling", fmt.Sprintf("Memory cgroup out of memory: killed container %s, exit code %d", name, killedExitCode), subject
	case Evict:
		return corev1.EventTypeWarning, "Evicted", evictionMessage(pod), subject
	}
	return "", "", "", subject
}

// subjectOf returns the first container whose turn it is.
func subjectOf(pod *corev1.Pod, step Step) view {
	says := steering{pod.Annotations}
	for i := range pod.Spec.InitContainers {
		v := viewOf(pod, &pod.Spec.InitContainers[i], true)
		if planContainer(pod, v, says).Step == step {
			return v
		}
	}
	for i := range pod.Spec.Containers {
		v := viewOf(pod, &pod.Spec.Containers[i], false)
		if planContainer(pod, v, says).Step == step {
			return v
		}
	}
	if len(pod.Spec.Containers) > 0 {
		return viewOf(pod, &pod.Spec.Containers[0], false)
	}
	return view{}
}
