package ready

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// pod judges a Pod by its phase, its containers and whether it found a node.
func pod(object *unstructured.Unstructured) (Status, bool) {
	switch text(object.Object, "status", "phase") {
	case "Succeeded":
		return Status{Ready: true, Message: "completed"}, true
	case "Failed":
		message := join(text(object.Object, "status", "reason"), text(object.Object, "status", "message"))
		for _, c := range Containers(object) {
			if c.State == "terminated" && c.ExitCode != 0 {
				message = cmp.Or(message, c.String())
			}
		}
		return Status{Failed: true, Reason: PodFailed, Message: cmp.Or(message, "the pod failed")}, true
	}
	if _, isReady := condition(object, "Ready"); isReady {
		return Status{Ready: true, Message: "ready"}, true
	}
	for _, c := range Containers(object) {
		if reason := c.Problem(); reason != "" {
			return Status{Failed: reason != CrashLoop, Reason: reason, Message: c.String()}, true
		}
	}
	for _, c := range conditions(object) {
		if c.kind == "PodScheduled" && c.status == "False" && c.reason == "Unschedulable" {
			return Status{Reason: Unschedulable, Message: join(c.reason, c.message)}, true
		}
	}
	return Status{}, false
}

// Container is the state of one container of a Pod.
type Container struct {
	Name     string
	State    string // waiting, running, terminated; "" before the kubelet has spoken
	Reason   string
	Message  string
	ExitCode int64
	Restarts int64
	Ready    bool
	// Last is how it ended before, empty if it never did.
	Last *Container
}

// Containers returns the init containers and containers of a Pod, in the Pod's order.
func Containers(pod *unstructured.Unstructured) []Container {
	var out []Container
	for _, list := range []string{"initContainerStatuses", "containerStatuses"} {
		states, _, _ := unstructured.NestedSlice(pod.Object, "status", list)
		for _, entry := range states {
			if state, ok := entry.(map[string]any); ok {
				out = append(out, container(state))
			}
		}
	}
	return out
}

func container(state map[string]any) Container {
	c := Container{Name: text(state, "name")}
	c.Restarts, _, _ = unstructured.NestedInt64(state, "restartCount")
	c.Ready, _, _ = unstructured.NestedBool(state, "ready")
	c.read(state, "state")
	if last := (Container{Name: c.Name}); last.read(state, "lastState") {
		c.Last = &last
	}
	return c
}

func (c *Container) read(status map[string]any, field string) bool {
	for _, kind := range []string{"waiting", "running", "terminated"} {
		detail, found, _ := unstructured.NestedMap(status, field, kind)
		if !found {
			continue
		}
		c.State, c.Reason, c.Message = kind, text(detail, "reason"), text(detail, "message")
		c.ExitCode, _, _ = unstructured.NestedInt64(detail, "exitCode")
		return true
	}
	return false
}

// Problem returns why the container does not run, "" when nothing is known to be wrong.
func (c Container) Problem() Reason {
	if c.State != "waiting" {
		return ""
	}
	switch c.Reason {
	case "ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "ImageInspectError", "RegistryUnavailable":
		return ImagePull
	case "CreateContainerConfigError", "CreateContainerError":
		return ContainerConfig
	case "CrashLoopBackOff", "RunContainerError":
		return CrashLoop
	}
	return ""
}

// String describes the state in one line: "container web waits: ImagePullBackOff: …; it ended before with OOMKilled, exit code 137; 3 restarts".
func (c Container) String() string {
	line := "container " + c.Name
	switch c.State {
	case "waiting":
		line += " waits: " + cmp.Or(join(c.Reason, c.Message), "no reason given")
	case "running":
		line += " runs"
		if !c.Ready {
			line += " but is not ready"
		}
	case "terminated":
		line += " ended with " + c.ending()
	default:
		line += " has not started"
	}
	if c.Last != nil && c.Last.State == "terminated" {
		line += "; it ended before with " + c.Last.ending()
	}
	switch {
	case c.Restarts == 1:
		line += "; 1 restart"
	case c.Restarts > 1:
		line += fmt.Sprintf("; %d restarts", c.Restarts)
	}
	return line
}

func (c Container) ending() string {
	parts := []string{c.Reason, fmt.Sprintf("exit code %d", c.ExitCode)}
	return strings.Join(slices.DeleteFunc(parts, func(part string) bool { return part == "" }), ", ")
}
