package simulation

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

func newPod(annotations ...string) *corev1.Pod {
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web", UID: "u-1", Annotations: map[string]string{}},
		Spec: corev1.PodSpec{
			NodeName: "sandbox-0", RestartPolicy: corev1.RestartPolicyAlways,
			Containers: []corev1.Container{{Name: "app", Image: "nginx:1"}},
		},
	}
	for i := 0; i < len(annotations); i += 2 {
		pod.Annotations[Prefix+annotations[i]] = annotations[i+1]
	}
	return pod
}

// play lets a pod take its next step and checks which one it is.
func play(t *testing.T, pod *corev1.Pod, want Plan) {
	t.Helper()
	got := Next(pod)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("the plan differs (-want +got):\n%s", diff)
	}
	pod.Status = After(pod, got.Step, Addresses{PodIPs: []string{"10.128.0.1"}, HostIPs: []string{"127.0.0.1"}}, noon)
}

func ofJob(pod *corev1.Pod) *corev1.Pod {
	controller := true
	pod.OwnerReferences = []metav1.OwnerReference{{Kind: "Job", Name: "work", Controller: &controller}}
	pod.Spec.RestartPolicy = corev1.RestartPolicyNever
	return pod
}

// TestSteps follows pods through their life.
func TestSteps(t *testing.T) {
	tests := map[string]struct {
		pod   *corev1.Pod
		plans []Plan
		phase corev1.PodPhase
		ready corev1.ConditionStatus
	}{
		"an ordinary pod starts and stays": {
			newPod(), []Plan{{Step: Start}, {}}, corev1.PodRunning, corev1.ConditionTrue,
		},
		"a delayed start": {
			newPod("start-delay", "3s"), []Plan{{Start, 3 * time.Second}, {}}, corev1.PodRunning, corev1.ConditionTrue,
		},
		"a bad delay is no delay": {
			newPod("start-delay", "soon"), []Plan{{Step: Start}, {}}, corev1.PodRunning, corev1.ConditionTrue,
		},
		"a crash loop waits longer each time": {
			newPod("crash-loop", "true"),
			[]Plan{
				{Step: Start},
				{Crash, crashDelay},
				{BackOff, backOffDelay},
				{Restart, 500 * time.Millisecond},
				{Crash, crashDelay},
				{BackOff, backOffDelay},
				{Restart, time.Second},
			},
			corev1.PodRunning, corev1.ConditionFalse,
		},
		"one restart": {
			newPod("restart-once", "true"),
			[]Plan{{Step: Start}, {Crash, crashDelay}, {Restart, backOffDelay}, {}},
			corev1.PodRunning, corev1.ConditionTrue,
		},
		"a pod that runs for a while before it crashes is ready meanwhile": {
			newPod("crash-loop", "app", "run-for", "5s"), []Plan{{Step: Start}}, corev1.PodRunning, corev1.ConditionTrue,
		},
		"out of memory": {
			newPod("oom-killed", "true"), []Plan{{Step: Start}, {OutOfMemory, crashDelay}}, corev1.PodRunning, corev1.ConditionFalse,
		},
		"an image that can't be pulled": {
			newPod("image-pull-failure", "true"),
			[]Plan{{Step: Pull}, {PullBackOff, pullFailDelay}, {Pull, pullRetryDelay}},
			corev1.PodPending, corev1.ConditionFalse,
		},
		"another container is not hit": {
			newPod("crash-loop", "proxy"), []Plan{{Step: Start}, {}}, corev1.PodRunning, corev1.ConditionTrue,
		},
		"a switch that is off": {
			newPod("crash-loop", "false"), []Plan{{Step: Start}, {}}, corev1.PodRunning, corev1.ConditionTrue,
		},
		"not ready": {
			newPod("not-ready", "true"), []Plan{{Step: Start}, {}}, corev1.PodRunning, corev1.ConditionFalse,
		},
		"evicted before it started": {
			newPod("evicted", "true"), []Plan{{Step: Evict}, {}}, corev1.PodFailed, corev1.ConditionFalse,
		},
		"a pod of a job succeeds": {
			ofJob(newPod()), []Plan{{Step: Start}, {Step: Complete}, {}}, corev1.PodSucceeded, corev1.ConditionFalse,
		},
		"a pod of a job fails": {
			ofJob(newPod("exit-code", "2")), []Plan{{Step: Start}, {Step: Complete}, {}}, corev1.PodFailed, corev1.ConditionFalse,
		},
		"a pod of a job takes its time": {
			ofJob(newPod("run-for", "2s")), []Plan{{Step: Start}, {Complete, 2 * time.Second}, {}}, corev1.PodSucceeded, corev1.ConditionFalse,
		},
		"a pod of a job that never ends": {
			ofJob(newPod("run-for", "forever")), []Plan{{Step: Start}, {}}, corev1.PodRunning, corev1.ConditionTrue,
		},
		"a crashing pod of a job is not restarted": {
			ofJob(newPod("crash-loop", "true")), []Plan{{Step: Start}, {Crash, crashDelay}, {}}, corev1.PodFailed, corev1.ConditionFalse,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			for _, plan := range test.plans {
				play(t, test.pod, plan)
			}
			if test.pod.Status.Phase != test.phase {
				t.Errorf("found phase %s, expected %s", test.pod.Status.Phase, test.phase)
			}
			if got := conditionStatus(test.pod, corev1.PodReady); got != test.ready {
				t.Errorf("found Ready %s, expected %s", got, test.ready)
			}
		})
	}
}

func TestHealing(t *testing.T) {
	tests := map[string]struct {
		annotation string
		sick       []Step
		cure       Plan
	}{
		"crash loop":         {CrashLoop, []Step{Start, Crash, BackOff}, Plan{Step: Restart}},
		"out of memory":      {OOMKilled, []Step{Start, OutOfMemory, BackOff}, Plan{Step: Restart}},
		"failed pull":        {ImagePullFailure, []Step{Pull}, Plan{Step: Start}},
		"failed pull, later": {ImagePullFailure, []Step{Pull, PullBackOff}, Plan{Step: Start}},
		"not ready":          {NotReady, []Step{Start}, Plan{Step: Refresh}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			pod := newPod()
			pod.Annotations[test.annotation] = "true"
			for _, step := range test.sick {
				if got := Next(pod).Step; got != step {
					t.Fatalf("found step %q, expected %q", got, step)
				}
				pod.Status = After(pod, step, Addresses{}, noon)
			}
			delete(pod.Annotations, test.annotation)
			play(t, pod, test.cure)
			play(t, pod, Plan{})
			if got := conditionStatus(pod, corev1.PodReady); got != corev1.ConditionTrue {
				t.Errorf("the cured pod is not ready: %s", got)
			}
		})
	}
}

func TestMemoryUsage(t *testing.T) {
	for _, test := range []struct {
		usage, limit string
		want         Step
	}{
		{"300Mi", "128Mi", OutOfMemory},
		{"300Mi", "512Mi", Nothing},
		{"300Mi", "300Mi", Nothing},
		{"app=300Mi", "128Mi", OutOfMemory},
		{"proxy=300Mi, app=1Mi", "128Mi", Nothing},
		{"proxy=300Mi", "128Mi", Nothing},
		{"much", "128Mi", Nothing},
		{"300Mi", "", Nothing},
	} {
		pod := newPod("memory-usage", test.usage)
		if test.limit != "" {
			pod.Spec.Containers[0].Resources.Limits = corev1.ResourceList{corev1.ResourceMemory: resource.MustParse(test.limit)}
		}
		play(t, pod, Plan{Step: Start})
		if got := Next(pod).Step; got != test.want {
			t.Errorf("usage %q with limit %q: found step %q, expected %q", test.usage, test.limit, got, test.want)
		}
	}
}

func TestImagesThatFailToPull(t *testing.T) {
	for image, want := range map[string]bool{
		"nginx:1":                                false,
		"nginx:does-not-exist":                   true,
		"nginx:does-not-exist-4711":              true,
		"registry.example/nonexistent/app:1":     true,
		"non-existent:latest":                    true,
		"registry.example/missing/app:1":         true,
		"missing/app":                            true,
		"registry.example/missing:1":             true,
		"registry.example/missing-pieces/app:1":  false,
		"registry.example/nothing-missing-app:1": false,
	} {
		pod := newPod()
		pod.Spec.Containers[0].Image = image
		if got := Next(pod).Step == Pull; got != want {
			t.Errorf("image %q: found that it fails to pull %v, expected %v", image, got, want)
		}
	}
}

func TestDeletion(t *testing.T) {
	now := metav1.NewTime(noon)
	grace, none := int64(30), int64(0)
	running := func(annotations ...string) *corev1.Pod {
		pod := newPod(annotations...)
		pod.Status = After(pod, Start, Addresses{}, noon)
		pod.DeletionTimestamp, pod.DeletionGracePeriodSeconds = &now, &grace
		return pod
	}
	held := running()
	held.Finalizers = []string{"batch.kubernetes.io/job-tracking"}
	again := running()
	again.DeletionGracePeriodSeconds = &none
	for name, test := range map[string]struct {
		pod  *corev1.Pod
		want Plan
	}{
		"at once":           {running(), Plan{Step: Delete}},
		"after a delay":     {running("termination-delay", "2s"), Plan{Delete, 2 * time.Second}},
		"held by a job":     {held, Plan{Step: FinishAndDelete}},
		"deleted already":   {again, Plan{}},
		"in a crash loop":   {running("crash-loop", "true"), Plan{Step: Delete}},
		"while it can't be": {running("image-pull-failure", "true"), Plan{Step: Delete}},
	} {
		if diff := cmp.Diff(test.want, Next(test.pod)); diff != "" {
			t.Errorf("%s: the plan differs (-want +got):\n%s", name, diff)
		}
	}
	ended := After(held, FinishAndDelete, Addresses{}, noon)
	if ended.Phase != corev1.PodFailed || ended.ContainerStatuses[0].State.Terminated.ExitCode != 143 {
		t.Errorf("found phase %s and state %+v, expected Failed with 143", ended.Phase, ended.ContainerStatuses[0].State)
	}
}

func TestInitContainersAndSidecars(t *testing.T) {
	always := corev1.ContainerRestartPolicyAlways
	pod := ofJob(newPod("run-for", "1s"))
	pod.Spec.InitContainers = []corev1.Container{{Name: "prepare", Image: "i:1"}, {Name: "proxy", Image: "p:1", RestartPolicy: &always}}
	play(t, pod, Plan{Step: Start})
	statuses := pod.Status.InitContainerStatuses
	if statuses[0].State.Terminated == nil || statuses[1].State.Running == nil || pod.Status.Phase != corev1.PodRunning {
		t.Fatalf("found %+v in phase %s", statuses, pod.Status.Phase)
	}
	play(t, pod, Plan{Complete, time.Second})
	if pod.Status.InitContainerStatuses[1].State.Terminated == nil || pod.Status.Phase != corev1.PodSucceeded {
		t.Errorf("the sidecar is %+v in phase %s, expected it to end with the pod", pod.Status.InitContainerStatuses[1].State, pod.Status.Phase)
	}
}

func TestInitContainerThatFailsForGood(t *testing.T) {
	pod := ofJob(newPod("crash-loop", "prepare"))
	pod.Spec.InitContainers = []corev1.Container{{Name: "prepare", Image: "i:1"}}
	play(t, pod, Plan{Step: Start})
	play(t, pod, Plan{Crash, crashDelay})
	if pod.Status.Phase != corev1.PodFailed {
		t.Errorf("found phase %s, expected Failed", pod.Status.Phase)
	}
}

func TestStatusKeepsWhatOthersHaveWritten(t *testing.T) {
	pod := newPod()
	pod.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodScheduled, Status: corev1.ConditionTrue}}
	play(t, pod, Plan{Step: Start})
	if conditionStatus(pod, corev1.PodScheduled) != corev1.ConditionTrue {
		t.Errorf("found conditions %+v", pod.Status.Conditions)
	}
	before := pod.DeepCopy()
	pod.Status = After(pod, Refresh, Addresses{PodIPs: []string{"10.128.0.9"}}, noon.Add(time.Hour))
	if diff := cmp.Diff(before.Status, pod.Status); diff != "" {
		t.Errorf("a refresh without a change changed the status (-before +after):\n%s", diff)
	}
}

func TestMessagesOfAPodThatCannotPull(t *testing.T) {
	pod := newPod("image-pull-failure", "true")
	play(t, pod, Plan{Step: Pull})
	want := `failed to pull and unpack image "nginx:1": failed to resolve reference "nginx:1": nginx:1: not found`
	if got := pod.Status.ContainerStatuses[0].State.Waiting.Message; got != want {
		t.Errorf("found message %q, expected %q", got, want)
	}
	play(t, pod, Plan{PullBackOff, pullFailDelay})
	want = `Back-off pulling image "nginx:1": ` + want
	if got := pod.Status.ContainerStatuses[0].State.Waiting.Message; got != want {
		t.Errorf("found message %q, expected %q", got, want)
	}
}

func TestEvents(t *testing.T) {
	crashed := newPod("crash-loop", "true")
	crashed.Status = After(crashed, Start, Addresses{}, noon)
	crashed.Status = After(crashed, Crash, Addresses{}, noon)
	for _, test := range []struct {
		pod           *corev1.Pod
		step          Step
		name, message string
	}{
		{crashed, BackOff, "web.app.pod-back-off", "Back-off restarting failed container app in pod web_shop(u-1)"},
		{newPod("image-pull-failure", "true"), Pull, "web.app.pod-pull", `Failed to pull image "nginx:1": failed to pull and unpack image "nginx:1": failed to resolve reference "nginx:1": nginx:1: not found`},
		{newPod("evicted", "true"), Evict, "web.app.pod-evict", "The node was low on resource: memory. This eviction is simulated."},
		{newPod("evicted-message", "no disk"), Evict, "web.app.pod-evict", "no disk"},
	} {
		event := EventOf(test.pod, test.step, noon)
		if event == nil || event.Name != test.name || event.Message != test.message || event.Annotations[Simulated] != "true" {
			t.Errorf("%s: found event %+v", test.step, event)
		}
	}
	if event := EventOf(newPod(), Start, noon); event != nil {
		t.Errorf("found an event for an ordinary start: %+v", event)
	}
}

func TestLogs(t *testing.T) {
	pod := newPod("logs", "one\ntwo\n")
	if _, err := LogOf(pod, "app", false); err == nil || err.Error() != `container "app" in pod "web" is waiting to start: ContainerCreating` {
		t.Errorf("found %v", err)
	}
	play(t, pod, Plan{Step: Start})
	text, err := LogOf(pod, "app", false)
	want := "[simulated] container app of pod shop/web with image nginx:1, started 2026-01-02T12:00:00Z, restarts 0\none\ntwo\n"
	if err != nil || text != want {
		t.Errorf("found %q, %v, expected %q", text, err, want)
	}
	if _, err := LogOf(pod, "app", true); err == nil || err.Error() != `previous terminated container "app" in pod "web" not found` {
		t.Errorf("found %v", err)
	}
	if _, err := LogOf(pod, "proxy", false); err == nil || err.Error() != `container "proxy" is not in pod "web"` {
		t.Errorf("found %v", err)
	}
}

func TestNodes(t *testing.T) {
	node := Node(4)
	if len(node.Spec.Taints) != 0 || node.Labels["topology.kubernetes.io/zone"] != "sandbox-b" {
		t.Errorf("found node %+v", node)
	}
	if got := NextNode(node); got.Step != NodeUpdate {
		t.Errorf("found plan %+v, expected an update", got)
	}
	node.Status = NodeStatus(node, "127.0.0.1", 10250, noon)
	if got := NextNode(node); got != (Plan{NodeHeartbeat, heartbeatInterval}) || !NodeReady(node) {
		t.Errorf("found plan %+v, expected a heartbeat", got)
	}
	for key, condition := range map[string]corev1.NodeConditionType{
		MemoryPressure: corev1.NodeMemoryPressure, DiskPressure: corev1.NodeDiskPressure,
		PIDPressure: corev1.NodePIDPressure, NetworkUnavailable: corev1.NodeNetworkUnavailable,
	} {
		pressed := node.DeepCopy()
		pressed.Labels[key] = "true"
		if got := NextNode(pressed).Step; got != NodeUpdate {
			t.Errorf("%s: found step %q, expected an update", key, got)
		}
		pressed.Status = NodeStatus(pressed, "127.0.0.1", 10250, noon.Add(time.Minute))
		for _, found := range pressed.Status.Conditions {
			changed := found.LastTransitionTime.Sub(noon) > 0
			if isIt := found.Type == condition; changed != isIt {
				t.Errorf("%s: condition %s changed: %v", key, found.Type, changed)
			}
		}
	}
	node.Annotations[NotReady] = "unknown"
	node.Status = NodeStatus(node, "127.0.0.1", 10250, noon)
	if NodeReady(node) || !NodeLost(node) {
		t.Error("expected the node to be lost")
	}
}

func TestReportLoss(t *testing.T) {
	pod := newPod()
	play(t, pod, Plan{Step: Start})
	for _, lost := range []bool{true, false} {
		if !ReportLoss(pod, lost, noon) {
			t.Errorf("lost %v: expected a change", lost)
		}
		if ReportLoss(pod, lost, noon) {
			t.Errorf("lost %v: expected no second change", lost)
		}
		if got := conditionStatus(pod, corev1.PodReady); got != statusOf(!lost) {
			t.Errorf("lost %v: found Ready %s", lost, got)
		}
		// The simulation itself doesn't fight against it.
		if got := Next(pod); got != (Plan{}) {
			t.Errorf("lost %v: found plan %+v", lost, got)
		}
	}
}
