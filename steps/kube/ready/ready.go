// Package ready judges from one object alone whether it is what its manifest asks for, by the kstatus rules where they
// are right and by our own where they would call something ready that is not: a Job that still runs, a Pod that failed.
//
// It reads no cluster; package explain follows owners, pods and events.
package ready

import (
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"
)

// Reason names why an object is not ready. Those that an author may tolerate are written in scenarios.
type Reason string

// The reasons. The empty one means that it just is not ready yet.
const (
	JobFailed        Reason = "jobFailed"        // a Job used up its retries or its time
	PodFailed        Reason = "podFailed"        // a Pod ended and will not be restarted
	ImagePull        Reason = "imagePull"        // an image can't be pulled
	ContainerConfig  Reason = "containerConfig"  // a container can't be created: a missing Secret, ConfigMap or key
	Unschedulable    Reason = "unschedulable"    // no node takes the Pod
	Quota            Reason = "quota"            // a quota forbids the Pods
	ProgressDeadline Reason = "progressDeadline" // a rollout made no progress for too long
	Stalled          Reason = "stalled"          // the controller itself says that it gave up
	CrashLoop        Reason = "crashLoop"        // a container ends again and again; it may yet recover
)

// Terminal are the reasons that waiting does not cure, in the order in which docs list them.
func Terminal() []Reason {
	return []Reason{JobFailed, PodFailed, ImagePull, ContainerConfig, Unschedulable, Quota, ProgressDeadline, Stalled}
}

// Status is the judgement of one object.
type Status struct {
	Ready bool
	// Failed says that waiting alone will not make it ready.
	Failed  bool
	Reason  Reason
	Message string // what is seen: "Available: 1/3"
}

// Of judges object.
func Of(object *unstructured.Unstructured) Status {
	if object == nil {
		return Status{Message: "it does not exist"}
	}
	if own, judged := ownRules(object); judged {
		return own
	}
	result, err := status.Compute(object)
	if err != nil {
		return Status{Message: fmt.Sprintf("its status can't be read: %v", err)}
	}
	switch result.Status {
	case status.CurrentStatus:
		return Status{Ready: true, Message: result.Message}
	case status.FailedStatus:
		return Status{Failed: true, Reason: Stalled, Message: result.Message}
	case status.TerminatingStatus:
		return Status{Message: "it is being deleted"}
	}
	return Status{Message: result.Message}
}

// ownRules judges the kinds and states about which kstatus is silent or too mild.
func ownRules(object *unstructured.Unstructured) (Status, bool) {
	if object.GetDeletionTimestamp() != nil {
		return Status{Message: "it is being deleted"}, true
	}
	gvk := object.GroupVersionKind()
	switch gvk.Group + "/" + gvk.Kind {
	case "/Pod":
		return pod(object)
	case "batch/Job":
		return job(object), true
	case "apps/Deployment", "apps/ReplicaSet", "/ReplicationController":
		return replicas(object)
	case "/Node":
		return node(object), true
	case "/Namespace":
		phase := text(object.Object, "status", "phase")
		return Status{Ready: phase == "Active", Message: "phase " + phase}, true
	}
	return Status{}, false
}

// node takes what the kubelet says; kstatus calls every Node ready.
func node(object *unstructured.Unstructured) Status {
	if ready, ok := condition(object, "Ready"); ok {
		return Status{Ready: true, Message: orElse(ready.reason, "ready")}
	}
	for _, c := range conditions(object) {
		if c.kind == "Ready" {
			return Status{Message: join("Ready is "+c.status, join(c.reason, c.message))}
		}
	}
	return Status{Message: "no kubelet has reported yet"}
}

func job(object *unstructured.Unstructured) Status {
	if failed, ok := condition(object, "Failed"); ok {
		return Status{Failed: true, Reason: JobFailed, Message: join(failed.reason, failed.message)}
	}
	if complete, ok := condition(object, "Complete"); ok {
		return Status{Ready: true, Message: orElse(complete.message, "completed")}
	}
	if suspended, _, _ := unstructured.NestedBool(object.Object, "spec", "suspend"); suspended {
		return Status{Ready: true, Message: "suspended"}
	}
	return Status{Message: fmt.Sprintf("succeeded %d, active %d, failed %d",
		count(object, "succeeded"), count(object, "active"), count(object, "failed"))}
}

// replicas finds what keeps a rollout from going on; the counting is left to kstatus.
func replicas(object *unstructured.Unstructured) (Status, bool) {
	observed, _, _ := unstructured.NestedInt64(object.Object, "status", "observedGeneration")
	if observed < object.GetGeneration() {
		return Status{Message: "the controller has not seen the latest change yet"}, true
	}
	if refused, ok := condition(object, "ReplicaFailure"); ok {
		reason, failed := Reason(""), false
		if isQuota(refused.message) {
			reason, failed = Quota, true
		}
		return Status{Failed: failed, Reason: reason, Message: join(refused.reason, refused.message)}, true
	}
	for _, c := range conditions(object) {
		if c.kind == "Progressing" && c.reason == "ProgressDeadlineExceeded" {
			return Status{Failed: true, Reason: ProgressDeadline, Message: orElse(c.message, "the progress deadline is exceeded")}, true
		}
	}
	return Status{}, false
}
