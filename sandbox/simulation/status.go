package simulation

import (
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Reasons with which a kubelet says why a container waits.
const (
	reasonErrImagePull     = "ErrImagePull"
	reasonImagePullBackOff = "ImagePullBackOff"
	reasonCrashLoopBackOff = "CrashLoopBackOff"
	reasonPodInitializing  = "PodInitializing"
)

// Addresses are the addresses of a pod and of its node.
type Addresses struct {
	PodIPs  []string
	HostIPs []string
}

// After returns the status of a pod after a step.
func After(pod *corev1.Pod, step Step, addresses Addresses, now time.Time) corev1.PodStatus {
	next := pod.DeepCopy()
	a := advance{pod: next, says: steering{pod.Annotations}, step: step, now: metav1.NewTime(now)}
	switch step {
	case Evict:
		a.evict()
		return next.Status
	case FinishAndDelete:
		a.endAll(endWith(terminatedExitCode))
	default:
		a.containers()
	}
	a.setAddresses(addresses)
	a.setPhase()
	a.setConditions()
	return next.Status
}

// advance changes the status of a pod by one step.
type advance struct {
	pod  *corev1.Pod
	says steering
	step Step
	now  metav1.Time
}

func (a *advance) containers() {
	var initStatuses, statuses []corev1.ContainerStatus
	initialized := true
	for i := range a.pod.Spec.InitContainers {
		v := viewOf(a.pod, &a.pod.Spec.InitContainers[i], true)
		v.status = a.container(v, initialized)
		initStatuses = append(initStatuses, v.status)
		initialized = initialized && v.passed()
	}
	for i := range a.pod.Spec.Containers {
		v := viewOf(a.pod, &a.pod.Spec.Containers[i], false)
		statuses = append(statuses, a.container(v, initialized))
	}
	a.pod.Status.InitContainerStatuses = initStatuses
	a.pod.Status.ContainerStatuses = statuses
	if a.step == Complete && a.allEnded() {
		a.endSidecars()
	}
}

// container returns the next status of a container: that of the step if it is the container's turn.
func (a *advance) container(v view, initialized bool) corev1.ContainerStatus {
	if !initialized {
		return a.waitForInit(v)
	}
	planned := planContainer(a.pod, v, a.says).Step
	// Init containers end in the step in which they start, so the containers behind them start in the same step.
	if planned != a.step && (planned != Start || a.step != Restart) {
		return v.status
	}
	switch planned {
	case Start:
		return a.start(v)
	case Pull:
		return a.failPull(v)
	case PullBackOff:
		return a.wait(v, reasonImagePullBackOff, fmt.Sprintf("Back-off pulling image %q: %s", v.container.Image, pullError(v.container.Image)))
	case Crash, OutOfMemory:
		failure, _ := a.says.failure(v.container, v.isInit, v.status.RestartCount)
		return a.end(v, failure)
	case Complete:
		return a.end(v, endWith(a.says.completionExitCode()))
	case BackOff:
		v.status.LastTerminationState = v.status.State
		delay := restartDelay(v.status.RestartCount)
		message := fmt.Sprintf("back-off %s restarting failed container=%s pod=%s_%s(%s)", delay, v.container.Name, a.pod.Name, a.pod.Namespace, a.pod.UID)
		return a.wait(v, reasonCrashLoopBackOff, message)
	case Restart:
		return a.restart(v)
	default:
		return a.refresh(v)
	}
}

func (a *advance) waitForInit(v view) corev1.ContainerStatus {
	if v.status.State.Waiting != nil || v.status.State == (corev1.ContainerState{}) {
		return a.wait(v, reasonPodInitializing, "")
	}
	return v.status
}

// start runs the container, for the first time or with another image.
func (a *advance) start(v view) corev1.ContainerStatus {
	return a.run(a.replaced(v))
}

// replaced ends a container that runs with another image than it should.
func (a *advance) replaced(v view) view {
	if v.status.State.Running != nil {
		v.status = a.end(v, endWith(0))
		v.status.LastTerminationState = v.status.State
		v.status.RestartCount++
	}
	return v
}

func (a *advance) restart(v view) corev1.ContainerStatus {
	if v.status.State.Terminated != nil {
		v.status.LastTerminationState = v.status.State
	}
	v.status.RestartCount++
	return a.run(v)
}

// run starts a container; an init container that isn't made to fail ends at once.
func (a *advance) run(v view) corev1.ContainerStatus {
	v.status.Image = v.container.Image
	v.status.ImageID = "simulated://" + v.container.Image
	v.status.ContainerID = fmt.Sprintf("simulated://%s/%s/%d", a.pod.UID, v.container.Name, v.status.RestartCount)
	v.status.State = corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: a.now}}
	started := true
	v.status.Started = &started
	if _, fails := a.says.failure(v.container, v.isInit, v.status.RestartCount); v.isInit && !v.sidecar && !fails {
		return a.end(v, endWith(0))
	}
	return a.refresh(v)
}

func (a *advance) refresh(v view) corev1.ContainerStatus {
	v.status.Ready = wantReady(v, a.says) && (!v.isInit || v.sidecar)
	v.status.Resources = v.container.Resources.DeepCopy()
	v.status.AllocatedResources = v.container.Resources.Requests.DeepCopy()
	return v.status
}

func (a *advance) failPull(v view) corev1.ContainerStatus {
	return a.wait(a.replaced(v), reasonErrImagePull, pullError(v.container.Image))
}

func pullError(image string) string {
	return fmt.Sprintf("failed to pull and unpack image %q: failed to resolve reference %q: %s: not found", image, image, image)
}

func (a *advance) wait(v view, reason, message string) corev1.ContainerStatus {
	stopped := false
	v.status.Started = &stopped
	v.status.Ready = false
	v.status.Image = v.container.Image
	v.status.State = corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}}
	return v.status
}

func (a *advance) end(v view, how end) corev1.ContainerStatus {
	started := a.now
	if v.status.State.Running != nil {
		started = v.status.State.Running.StartedAt
	}
	stopped := false
	v.status.Started = &stopped
	v.status.Ready = v.isInit && how.code == 0
	v.status.State = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{
		ExitCode: how.code, Reason: how.reason, StartedAt: started, FinishedAt: a.now, ContainerID: v.status.ContainerID,
	}}
	return v.status
}

// endAll ends every container that hasn't ended yet. A pod that is ended before it has done its work has failed.
func (a *advance) endAll(how end) {
	statuses := make([]corev1.ContainerStatus, 0, len(a.pod.Spec.Containers))
	for i := range a.pod.Spec.Containers {
		v := viewOf(a.pod, &a.pod.Spec.Containers[i], false)
		if v.status.State.Terminated == nil {
			v.status = a.end(v, how)
		}
		statuses = append(statuses, v.status)
	}
	a.pod.Status.ContainerStatuses = statuses
	a.endSidecars()
	a.pod.Status.Phase = corev1.PodFailed
}

func (a *advance) endSidecars() {
	for i := range a.pod.Spec.InitContainers {
		v := viewOf(a.pod, &a.pod.Spec.InitContainers[i], true)
		if v.sidecar && v.status.State.Running != nil {
			a.pod.Status.InitContainerStatuses[i] = a.end(v, endWith(0))
		}
	}
}

func (a *advance) evict() {
	message := evictionMessage(a.pod)
	a.endAll(end{reason: "Error", code: killedExitCode})
	a.pod.Status.Reason = "Evicted"
	a.pod.Status.Message = message
	a.setConditions()
	a.setCondition(corev1.DisruptionTarget, corev1.ConditionTrue, "TerminationByKubelet", message)
}

func evictionMessage(pod *corev1.Pod) string {
	if message := pod.Annotations[EvictedMessage]; message != "" {
		return message
	}
	return "The node was low on resource: memory. This eviction is simulated."
}

func (a *advance) setAddresses(addresses Addresses) {
	status := &a.pod.Status
	if status.StartTime == nil {
		started := a.now
		status.StartTime = &started
	}
	if status.PodIP != "" || len(addresses.PodIPs) == 0 {
		return
	}
	status.PodIP = addresses.PodIPs[0]
	for _, address := range addresses.PodIPs {
		status.PodIPs = append(status.PodIPs, corev1.PodIP{IP: address})
	}
	status.HostIPs = nil
	for _, address := range addresses.HostIPs {
		status.HostIP = addresses.HostIPs[0]
		status.HostIPs = append(status.HostIPs, corev1.HostIP{IP: address})
	}
}

func (a *advance) initialized() bool {
	for i := range a.pod.Spec.InitContainers {
		if !viewOf(a.pod, &a.pod.Spec.InitContainers[i], true).passed() {
			return false
		}
	}
	return true
}

func (a *advance) allEnded() bool {
	for i := range a.pod.Status.ContainerStatuses {
		if a.pod.Status.ContainerStatuses[i].State.Terminated == nil {
			return false
		}
	}
	return len(a.pod.Status.ContainerStatuses) > 0
}

// setPhase derives the phase as a kubelet does.
func (a *advance) setPhase() {
	status := &a.pod.Status
	if finished(a.pod) {
		return
	}
	var failed, restarting, waitingFirst bool
	for i := range a.pod.Spec.Containers {
		v := viewOf(a.pod, &a.pod.Spec.Containers[i], false)
		switch state := v.status.State; {
		case state.Terminated != nil:
			failed = failed || state.Terminated.ExitCode != 0
			restarting = restarting || restarts(a.pod, v)
		case state.Waiting != nil && v.status.LastTerminationState.Terminated == nil:
			waitingFirst = true
		}
	}
	switch {
	case a.initFailed():
		status.Phase = corev1.PodFailed
	case waitingFirst || (!a.initialized() && !a.allEnded()):
		status.Phase = corev1.PodPending
	case !a.allEnded() || restarting:
		status.Phase = corev1.PodRunning
	case failed:
		status.Phase = corev1.PodFailed
	default:
		status.Phase = corev1.PodSucceeded
	}
}

// initFailed says whether an init container has failed that isn't run again.
func (a *advance) initFailed() bool {
	for i := range a.pod.Spec.InitContainers {
		v := viewOf(a.pod, &a.pod.Spec.InitContainers[i], true)
		ended := v.status.State.Terminated
		if ended != nil && ended.ExitCode != 0 && !restarts(a.pod, v) {
			return true
		}
	}
	return false
}

// setConditions derives the conditions as a kubelet does.
func (a *advance) setConditions() {
	a.setCondition(corev1.PodReadyToStartContainers, statusOf(!finished(a.pod)), "", "")
	if a.initialized() {
		a.setCondition(corev1.PodInitialized, corev1.ConditionTrue, completedReason(a.pod), "")
	} else {
		a.setCondition(corev1.PodInitialized, corev1.ConditionFalse, "ContainersNotInitialized", "containers with incomplete status")
	}
	reason, message := a.unready()
	a.setCondition(corev1.ContainersReady, statusOf(reason == ""), reason, message)
	if reason == "" {
		reason, message = gatesUnready(a.pod)
	}
	a.setCondition(corev1.PodReady, statusOf(reason == ""), reason, message)
}

func completedReason(pod *corev1.Pod) string {
	if pod.Status.Phase == corev1.PodSucceeded {
		return "PodCompleted"
	}
	return ""
}

// unready says why the containers aren't ready, or nothing if they are.
func (a *advance) unready() (reason, message string) {
	switch a.pod.Status.Phase {
	case corev1.PodSucceeded:
		return "PodCompleted", ""
	case corev1.PodFailed:
		return "PodFailed", ""
	}
	var names []string
	for _, status := range a.pod.Status.ContainerStatuses {
		if !status.Ready {
			names = append(names, status.Name)
		}
	}
	if len(names) == 0 {
		return "", ""
	}
	return "ContainersNotReady", fmt.Sprintf("containers with unready status: [%s]", strings.Join(names, " "))
}

func (a *advance) setCondition(kind corev1.PodConditionType, value corev1.ConditionStatus, reason, message string) {
	condition := corev1.PodCondition{Type: kind, Status: value, Reason: reason, Message: message, LastTransitionTime: a.now}
	for i := range a.pod.Status.Conditions {
		present := &a.pod.Status.Conditions[i]
		if present.Type != kind {
			continue
		}
		if present.Status == value {
			condition.LastTransitionTime = present.LastTransitionTime
		}
		*present = condition
		return
	}
	a.pod.Status.Conditions = append(a.pod.Status.Conditions, condition)
}

func statusOf(value bool) corev1.ConditionStatus {
	if value {
		return corev1.ConditionTrue
	}
	return corev1.ConditionFalse
}

// gatesUnready says which readiness gates keep a pod from being ready.
func gatesUnready(pod *corev1.Pod) (reason, message string) {
	for _, gate := range pod.Spec.ReadinessGates {
		if conditionStatus(pod, gate.ConditionType) != corev1.ConditionTrue {
			return "ReadinessGatesNotReady", fmt.Sprintf("the status of pod readiness gate %q is not \"True\"", gate.ConditionType)
		}
	}
	return "", ""
}

// gatesMoved says whether someone has opened or closed a readiness gate since the pod's readiness was reported.
func gatesMoved(pod *corev1.Pod) bool {
	if len(pod.Spec.ReadinessGates) == 0 || conditionStatus(pod, corev1.ContainersReady) != corev1.ConditionTrue {
		return false
	}
	reason, _ := gatesUnready(pod)
	return conditionStatus(pod, corev1.PodReady) != statusOf(reason == "")
}

func conditionStatus(pod *corev1.Pod, kind corev1.PodConditionType) corev1.ConditionStatus {
	for _, condition := range pod.Status.Conditions {
		if condition.Type == kind {
			return condition.Status
		}
	}
	return corev1.ConditionUnknown
}

// resourcesMoved says whether a container was resized in place since its resources were reported.
func resourcesMoved(v view) bool {
	return v.status.Resources != nil && !equality.Semantic.DeepEqual(*v.status.Resources, v.container.Resources)
}

// ReportLoss reports a pod whose containers are ready as not ready when its node is lost, and as ready when the node is
// back. It says whether that changes anything.
func ReportLoss(pod *corev1.Pod, lost bool, now time.Time) bool {
	if pod.Status.Phase != corev1.PodRunning || conditionStatus(pod, corev1.ContainersReady) != corev1.ConditionTrue {
		return false
	}
	reason, _ := gatesUnready(pod)
	wanted := statusOf(!lost)
	if reason != "" || conditionStatus(pod, corev1.PodReady) == wanted {
		return false
	}
	a := advance{pod: pod, now: metav1.NewTime(now)}
	if lost {
		reason = "NodeLost"
	}
	a.setCondition(corev1.PodReady, wanted, reason, "")
	return true
}
