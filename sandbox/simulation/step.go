package simulation

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Step is what a pod does next. Each step has a stage of KWOK with the same name.
type Step string

// The steps of a pod.
const (
	// Nothing means that the pod stays as it is.
	Nothing Step = ""
	// Delete ends a pod whose deletion was asked for.
	Delete Step = "pod-delete"
	// FinishAndDelete does so for a pod that someone holds with a finalizer, who wants to see how it ended.
	FinishAndDelete Step = "pod-finish-and-delete"
	// Evict fails a pod as a kubelet does that needs its resources back.
	Evict Step = "pod-evict"
	// Start pulls the images and starts the containers.
	Start Step = "pod-start"
	// Pull tries to pull an image and fails.
	Pull Step = "pod-pull"
	// PullBackOff begins to wait for the next try.
	PullBackOff Step = "pod-pull-back-off"
	// Crash ends a container that is made to fail.
	Crash Step = "pod-crash"
	// OutOfMemory ends a container that uses more memory than it may.
	OutOfMemory Step = "pod-out-of-memory"
	// BackOff begins to wait for the restart of a container.
	BackOff Step = "pod-back-off"
	// Restart starts a container again.
	Restart Step = "pod-restart"
	// Complete ends the containers of a pod that has done its work.
	Complete Step = "pod-complete"
	// Refresh brings the reported readiness and resources up to date.
	Refresh Step = "pod-refresh"
)

// How fast things go. A kubelet waits 10 seconds and more between tries; nobody wants to wait so long for a simulation.
const (
	crashDelay      = 100 * time.Millisecond
	pullFailDelay   = 300 * time.Millisecond
	pullRetryDelay  = 10 * time.Second
	firstRestart    = 500 * time.Millisecond
	slowestRestart  = 8 * time.Second
	backOffDelay    = 50 * time.Millisecond
	restartDoubling = 4
)

// Plan is a step and how long to wait before it.
type Plan struct {
	Step  Step
	Delay time.Duration
}

// Next says what a pod does next.
func Next(pod *corev1.Pod) Plan {
	says := steering{pod.Annotations}
	switch {
	case pod.DeletionTimestamp != nil:
		return deletion(pod, says)
	case finished(pod):
		return Plan{}
	case pod.Annotations[Evicted] == "true":
		return Plan{Step: Evict}
	}
	return earliest(planContainers(pod, says))
}

func deletion(pod *corev1.Pod, says steering) Plan {
	if pod.DeletionGracePeriodSeconds != nil && *pod.DeletionGracePeriodSeconds == 0 {
		// It has been deleted already and only waits for its finalizers.
		return Plan{}
	}
	delay := says.terminationDelay()
	if len(pod.Finalizers) > 0 && !finished(pod) && len(pod.Status.ContainerStatuses) > 0 {
		return Plan{Step: FinishAndDelete, Delay: delay}
	}
	return Plan{Step: Delete, Delay: delay}
}

func finished(pod *corev1.Pod) bool {
	return pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
}

// earliest chooses the plan with the shortest delay, the first one of several.
func earliest(plans []Plan) Plan {
	best := Plan{}
	for _, plan := range plans {
		if plan.Step != Nothing && (best.Step == Nothing || plan.Delay < best.Delay) {
			best = plan
		}
	}
	return best
}

// planContainers returns the plan of each container: of the init containers first, then of the others.
func planContainers(pod *corev1.Pod, says steering) []Plan {
	var plans []Plan
	initialized := true
	for i := range pod.Spec.InitContainers {
		container := &pod.Spec.InitContainers[i]
		view := viewOf(pod, container, true)
		if initialized {
			plans = append(plans, planContainer(pod, view, says))
		}
		initialized = initialized && view.passed()
	}
	if !initialized {
		return plans
	}
	for i := range pod.Spec.Containers {
		plans = append(plans, planContainer(pod, viewOf(pod, &pod.Spec.Containers[i], false), says))
	}
	if gatesMoved(pod) {
		plans = append(plans, Plan{Step: Refresh})
	}
	return plans
}

// view is a container together with its last reported status.
type view struct {
	container *corev1.Container
	status    corev1.ContainerStatus
	isInit    bool
	sidecar   bool
}

func viewOf(pod *corev1.Pod, container *corev1.Container, isInit bool) view {
	statuses := pod.Status.ContainerStatuses
	if isInit {
		statuses = pod.Status.InitContainerStatuses
	}
	v := view{container: container, isInit: isInit, status: corev1.ContainerStatus{Name: container.Name}}
	v.sidecar = isInit && container.RestartPolicy != nil && *container.RestartPolicy == corev1.ContainerRestartPolicyAlways
	for i := range statuses {
		if statuses[i].Name == container.Name {
			v.status = *statuses[i].DeepCopy()
		}
	}
	return v
}

// passed says whether an init container lets the next ones start.
func (v view) passed() bool {
	if v.sidecar {
		return v.status.State.Running != nil
	}
	ended := v.status.State.Terminated
	return ended != nil && ended.ExitCode == 0
}

// planContainer says what one container does next.
func planContainer(pod *corev1.Pod, v view, says steering) Plan {
	state := v.status.State
	switch {
	case state.Running != nil:
		return planRunning(pod, v, says)
	case state.Terminated != nil:
		return planTerminated(pod, v, says)
	case state.Waiting == nil:
		return planStart(v, says, says.startDelay())
	}
	return planWaiting(v, says)
}

func planStart(v view, says steering, delay time.Duration) Plan {
	if says.pullFails(v.container, v.isInit) {
		return Plan{Step: Pull, Delay: delay}
	}
	return Plan{Step: Start, Delay: delay}
}

func planWaiting(v view, says steering) Plan {
	switch v.status.State.Waiting.Reason {
	case reasonErrImagePull:
		if says.pullFails(v.container, v.isInit) {
			return Plan{Step: PullBackOff, Delay: pullFailDelay}
		}
		return Plan{Step: Start}
	case reasonImagePullBackOff:
		if says.pullFails(v.container, v.isInit) {
			return Plan{Step: Pull, Delay: pullRetryDelay}
		}
		return Plan{Step: Start}
	case reasonCrashLoopBackOff:
		if _, fails := says.failure(v.container, v.isInit, v.status.RestartCount+1); fails {
			return Plan{Step: Restart, Delay: restartDelay(v.status.RestartCount)}
		}
		return Plan{Step: Restart}
	}
	return planStart(v, says, says.startDelay())
}

// restartDelay doubles with every restart up to a bound.
func restartDelay(restarts int32) time.Duration {
	return min(firstRestart<<min(restarts, restartDoubling), slowestRestart)
}

func planRunning(pod *corev1.Pod, v view, says steering) Plan {
	if v.status.Image != v.container.Image {
		return planStart(v, says, 0)
	}
	if failure, fails := says.failure(v.container, v.isInit, v.status.RestartCount); fails {
		step := Crash
		if failure.reason == "OOMKilled" {
			step = OutOfMemory
		}
		delay, given := says.runFor()
		if !given {
			delay = crashDelay
		}
		return Plan{Step: step, Delay: delay}
	}
	if !v.isInit {
		if delay, completes := completion(pod, says); completes {
			return Plan{Step: Complete, Delay: delay}
		}
	}
	if v.status.Ready != wantReady(v, says) || resourcesMoved(v) {
		return Plan{Step: Refresh}
	}
	return Plan{}
}

// completion says whether and when the containers of a pod end by themselves: those of jobs at once, those of other pods
// only when they are told how long to run.
func completion(pod *corev1.Pod, says steering) (time.Duration, bool) {
	if says.runsForever() {
		return 0, false
	}
	delay, given := says.runFor()
	owner := metav1.GetControllerOf(pod)
	return delay, given || owner != nil && owner.Kind == "Job"
}

func planTerminated(pod *corev1.Pod, v view, says steering) Plan {
	if v.isInit && !v.sidecar && v.status.State.Terminated.ExitCode == 0 {
		return Plan{}
	}
	if !restarts(pod, v) {
		return Plan{}
	}
	if _, fails := says.failure(v.container, v.isInit, v.status.RestartCount+1); !fails && says.hits(RestartOnce, v.container, v.isInit) {
		return Plan{Step: Restart, Delay: backOffDelay}
	}
	return Plan{Step: BackOff, Delay: backOffDelay}
}

// restarts says whether the restart policy asks for another run of a container that has ended.
func restarts(pod *corev1.Pod, v view) bool {
	if v.sidecar {
		return true
	}
	switch pod.Spec.RestartPolicy {
	case corev1.RestartPolicyNever:
		return false
	case corev1.RestartPolicyOnFailure:
		return v.status.State.Terminated.ExitCode != 0
	default:
		return true
	}
}

// wantReady says whether a running container passes its readiness probe.
func wantReady(v view, says steering) bool {
	if says.hits(NotReady, v.container, v.isInit) {
		return false
	}
	if _, fails := says.failure(v.container, v.isInit, v.status.RestartCount); !fails {
		return true
	}
	// A container that is about to crash is ready only if it was told to run for a while first: otherwise a rollout
	// would see it ready for a moment and count it as available.
	_, given := says.runFor()
	return given
}
