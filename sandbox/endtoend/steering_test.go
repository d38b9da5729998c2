package endtoend

import (
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

func TestPodRunsAndIsDeleted(t *testing.T) {
	t.Parallel()
	client := suite.shared.client
	in := namespace(t, client)
	plain := pod("plain")
	plain.Spec.InitContainers = []corev1.Container{{Name: "prepare", Image: "registry.example/prepare:1"}}
	create(t, client, in, plain)
	running := waitPod(t, client, in, "a ready pod", isReady)
	if running.Status.PodIP == "" || running.Status.HostIP != "127.0.0.1" || running.Status.StartTime == nil {
		t.Errorf("found podIP %q, hostIP %q, startTime %v", running.Status.PodIP, running.Status.HostIP, running.Status.StartTime)
	}
	prepared := running.Status.InitContainerStatuses
	if len(prepared) != 1 || prepared[0].State.Terminated == nil || prepared[0].State.Terminated.Reason != "Completed" {
		t.Errorf("found init containers %+v, expected a completed one", prepared)
	}
	began := time.Now()
	if err := client.CoreV1().Pods(in).Delete(t.Context(), "plain", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	waitGone(t, client, in, "plain")
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("the pod was gone after %s, although nothing has to be waited for", took)
	}
}

func TestCrashLoop(t *testing.T) {
	t.Parallel()
	client := suite.shared.client
	in := namespace(t, client)
	create(t, client, in, pod("crash", "crash-loop", "true", "exit-code", "3", "logs", "panic: no configuration"))
	crashed := waitPod(t, client, in, "a second restart", func(p *corev1.Pod) bool {
		if isReady(p) {
			t.Errorf("a crash-looping pod was ready: %+v", p.Status.ContainerStatuses)
		}
		return waitsFor(p, "CrashLoopBackOff") && app(p).RestartCount >= 2
	})
	last := app(crashed).LastTerminationState.Terminated
	if last == nil || last.ExitCode != 3 || last.Reason != "Error" {
		t.Errorf("found last state %+v, expected exit code 3 and reason Error", last)
	}
	contains(t, waitEvent(t, client, in, "BackOff").Message, "Back-off restarting failed container app in pod crash_"+in)
	annotate(t, client, in, "crash", "crash-loop", "")
	waitPod(t, client, in, "the healed pod", isReady)
}

func TestRestartOnce(t *testing.T) {
	t.Parallel()
	client := suite.shared.client
	in := namespace(t, client)
	create(t, client, in, pod("once", "restart-once", "true"))
	healed := waitPod(t, client, in, "a ready pod after one restart", func(p *corev1.Pod) bool { return isReady(p) && app(p).RestartCount == 1 })
	if last := app(healed).LastTerminationState.Terminated; last == nil || last.ExitCode != 1 {
		t.Errorf("found last state %+v, expected exit code 1", last)
	}
}

func TestOOMKilled(t *testing.T) {
	t.Parallel()
	client := suite.shared.client
	in := namespace(t, client)
	create(t, client, in, pod("hungry", "oom-killed", "true"))
	killed := waitPod(t, client, in, "a restart after an out-of-memory kill", func(p *corev1.Pod) bool {
		return app(p).RestartCount >= 1 && app(p).LastTerminationState.Terminated != nil
	})
	if last := app(killed).LastTerminationState.Terminated; last.Reason != "OOMKilled" || last.ExitCode != 137 {
		t.Errorf("found last state %+v, expected OOMKilled with 137", last)
	}
	waitEvent(t, client, in, "OOMKilling")
	annotate(t, client, in, "hungry", "oom-killed", "")
	waitPod(t, client, in, "the healed pod", isReady)
}

func TestMemoryUsageAboveLimitIsOOMKilledUntilTheLimitIsRaised(t *testing.T) {
	t.Parallel()
	client := suite.shared.client
	in := namespace(t, client)
	hungry := pod("hungry", "memory-usage", "300Mi")
	hungry.Spec.Containers[0].Resources.Limits = corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("128Mi")}
	create(t, client, in, hungry)
	waitPod(t, client, in, "an out-of-memory kill", func(p *corev1.Pod) bool {
		last := app(p).LastTerminationState.Terminated
		return last != nil && last.Reason == "OOMKilled" && waitsFor(p, "CrashLoopBackOff")
	})
	patch := []byte(`{"spec":{"containers":[{"name":"app","resources":{"limits":{"memory":"512Mi"},"requests":{"memory":"512Mi"}}}]}}`)
	_, err := client.CoreV1().Pods(in).Patch(t.Context(), "hungry", types.StrategicMergePatchType, patch, metav1.PatchOptions{}, "resize")
	if err != nil {
		t.Fatal(err)
	}
	waitPod(t, client, in, "the resized pod", func(p *corev1.Pod) bool {
		reported := app(p).Resources
		return isReady(p) && reported != nil && reported.Limits.Memory().String() == "512Mi"
	})
}

func TestImagePullFailureByAnnotation(t *testing.T) {
	t.Parallel()
	client := suite.shared.client
	in := namespace(t, client)
	create(t, client, in, pod("pull", "image-pull-failure", "true"))
	waitPod(t, client, in, "ErrImagePull", func(p *corev1.Pod) bool { return waitsFor(p, "ErrImagePull") })
	waiting := waitPod(t, client, in, "ImagePullBackOff", func(p *corev1.Pod) bool { return waitsFor(p, "ImagePullBackOff") })
	if waiting.Status.Phase != corev1.PodPending {
		t.Errorf("found phase %s, expected Pending", waiting.Status.Phase)
	}
	contains(t, waitEvent(t, client, in, "Failed").Message, `Failed to pull image "registry.example/app:1"`)
	annotate(t, client, in, "pull", "image-pull-failure", "")
	waitPod(t, client, in, "the healed pod", isReady)
}

func TestImagesThatDoNotExistFailToPull(t *testing.T) {
	t.Parallel()
	client := suite.shared.client
	in := namespace(t, client)
	for name, image := range map[string]string{
		"tag": "nginx:does-not-exist-1", "name": "registry.example/missing/app:1", "word": "registry.example/nonexistent:latest",
	} {
		p := pod(name)
		p.Spec.Containers[0].Image = image
		create(t, client, in, p)
		waitPod(t, client, in, image+" failing", func(p *corev1.Pod) bool { return p.Name == name && waitsFor(p, "ImagePullBackOff") })
	}
	patch := []byte(`{"spec":{"containers":[{"name":"app","image":"nginx:1"}]}}`)
	if _, err := client.CoreV1().Pods(in).Patch(t.Context(), "tag", types.StrategicMergePatchType, patch, metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	waitPod(t, client, in, "the pod with a good image", func(p *corev1.Pod) bool { return p.Name == "tag" && isReady(p) })
	patch = []byte(`{"spec":{"containers":[{"name":"app","image":"nginx:does-not-exist"}]}}`)
	if _, err := client.CoreV1().Pods(in).Patch(t.Context(), "tag", types.StrategicMergePatchType, patch, metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	waitPod(t, client, in, "the running pod whose image went missing", func(p *corev1.Pod) bool {
		return p.Name == "tag" && waitsFor(p, "ErrImagePull") && !isReady(p) && p.Status.Phase == corev1.PodRunning
	})
}

func TestNotReady(t *testing.T) {
	t.Parallel()
	client := suite.shared.client
	in := namespace(t, client)
	create(t, client, in, pod("slow", "not-ready", "true"))
	waitPod(t, client, in, "a running pod that isn't ready", func(p *corev1.Pod) bool {
		return p.Status.Phase == corev1.PodRunning && app(p).State.Running != nil && podCondition(p, corev1.PodReady) == corev1.ConditionFalse
	})
	annotate(t, client, in, "slow", "not-ready", "")
	waitPod(t, client, in, "the ready pod", isReady)
	annotate(t, client, in, "slow", "not-ready", "app")
	waitPod(t, client, in, "the pod that isn't ready any more", func(p *corev1.Pod) bool { return !isReady(p) })
}

func TestReadinessGate(t *testing.T) {
	t.Parallel()
	client := suite.shared.client
	in := namespace(t, client)
	gated := pod("gated")
	gated.Spec.ReadinessGates = []corev1.PodReadinessGate{{ConditionType: "example.com/open"}}
	create(t, client, in, gated)
	waiting := waitPod(t, client, in, "ready containers behind a closed gate", func(p *corev1.Pod) bool {
		return podCondition(p, corev1.ContainersReady) == corev1.ConditionTrue && podCondition(p, corev1.PodReady) == corev1.ConditionFalse
	})
	waiting.Status.Conditions = append(waiting.Status.Conditions, corev1.PodCondition{Type: "example.com/open", Status: corev1.ConditionTrue})
	if _, err := client.CoreV1().Pods(in).UpdateStatus(t.Context(), waiting, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	waitPod(t, client, in, "the pod behind the open gate", isReady)
}

func TestStartDelay(t *testing.T) {
	t.Parallel()
	client := suite.shared.client
	in := namespace(t, client)
	made := create(t, client, in, pod("late", "start-delay", "2s"))
	started := waitPod(t, client, in, "a ready pod", isReady)
	if delay := started.Status.StartTime.Sub(made.CreationTimestamp.Time); delay < time.Second {
		t.Errorf("the pod started %s after its creation, expected about 2s", delay)
	}
}

func TestEvicted(t *testing.T) {
	t.Parallel()
	client := suite.shared.client
	in := namespace(t, client)
	create(t, client, in, pod("large"))
	waitPod(t, client, in, "a ready pod", isReady)
	annotate(t, client, in, "large", "evicted", "true")
	evicted := waitPod(t, client, in, "a failed pod", func(p *corev1.Pod) bool { return p.Status.Phase == corev1.PodFailed })
	if evicted.Status.Reason != "Evicted" || evicted.Status.Message == "" {
		t.Errorf("found reason %q and message %q", evicted.Status.Reason, evicted.Status.Message)
	}
	waitEvent(t, client, in, "Evicted")
}

func TestInitContainerCrashLoop(t *testing.T) {
	t.Parallel()
	client := suite.shared.client
	in := namespace(t, client)
	p := pod("init", "crash-loop", "prepare")
	p.Spec.InitContainers = []corev1.Container{{Name: "prepare", Image: "registry.example/prepare:1"}}
	create(t, client, in, p)
	waitPod(t, client, in, "a crash-looping init container", func(p *corev1.Pod) bool {
		statuses := p.Status.InitContainerStatuses
		return len(statuses) == 1 && statuses[0].State.Waiting != nil && statuses[0].State.Waiting.Reason == "CrashLoopBackOff" &&
			waitsFor(p, "PodInitializing") && p.Status.Phase == corev1.PodPending
	})
	annotate(t, client, in, "init", "crash-loop", "")
	waitPod(t, client, in, "the healed pod", isReady)
}

func TestSteeringOneContainerOfTwo(t *testing.T) {
	t.Parallel()
	client := suite.shared.client
	in := namespace(t, client)
	p := pod("two", "crash-loop", "proxy")
	p.Spec.Containers = append(p.Spec.Containers, corev1.Container{Name: "proxy", Image: "registry.example/proxy:1"})
	create(t, client, in, p)
	waitPod(t, client, in, "one container running and the other crash-looping", func(p *corev1.Pod) bool {
		proxy := p.Status.ContainerStatuses
		return len(proxy) == 2 && app(p).Ready && proxy[1].RestartCount >= 1 && !isReady(p) && p.Status.Phase == corev1.PodRunning
	})
}

func TestJobs(t *testing.T) {
	t.Parallel()
	client := suite.shared.client
	in := namespace(t, client)
	job := func(name string, annotations ...string) *batchv1.Job {
		template := pod(name, annotations...)
		template.Spec.RestartPolicy = corev1.RestartPolicyNever
		none := int32(0)
		return &batchv1.Job{
			ObjectMeta: metav1.ObjectMeta{Name: name},
			Spec: batchv1.JobSpec{BackoffLimit: &none, Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Annotations: template.Annotations}, Spec: template.Spec,
			}},
		}
	}
	for name, annotations := range map[string][]string{
		"good": nil, "bad": {"exit-code", "4"}, "slow": {"run-for", "1s"}, "endless": {"run-for", "forever"},
	} {
		if _, err := client.BatchV1().Jobs(in).Create(t.Context(), job(name, annotations...), metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	waitJob(t, client, in, "good", batchv1.JobComplete)
	waitJob(t, client, in, "bad", batchv1.JobFailed)
	waitJob(t, client, in, "slow", batchv1.JobComplete)
	waitPod(t, client, in, "an endless pod that is running", func(p *corev1.Pod) bool {
		return p.Labels["job-name"] == "endless" && p.Status.Phase == corev1.PodRunning
	})
	failed := waitPod(t, client, in, "the failed pod", func(p *corev1.Pod) bool { return p.Labels["job-name"] == "bad" })
	if code := app(failed).State.Terminated.ExitCode; code != 4 || failed.Status.Phase != corev1.PodFailed {
		t.Errorf("found exit code %d in phase %s, expected 4 in Failed", code, failed.Status.Phase)
	}
}

func TestDeletedPodThatSomeoneHoldsHasFailed(t *testing.T) {
	t.Parallel()
	client := suite.shared.client
	in := namespace(t, client)
	work := pod("work", "run-for", "forever")
	work.Finalizers = []string{"sandbox.example/watching"}
	create(t, client, in, work)
	waitPod(t, client, in, "a ready pod", isReady)
	if err := client.CoreV1().Pods(in).Delete(t.Context(), "work", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	ended := waitPod(t, client, in, "the failed pod", func(p *corev1.Pod) bool { return p.Status.Phase == corev1.PodFailed })
	if code := app(ended).State.Terminated.ExitCode; code != 143 {
		t.Errorf("found exit code %d, expected 143 for SIGTERM", code)
	}
	if _, err := client.CoreV1().Pods(in).Patch(t.Context(), "work", types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`), metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	waitGone(t, client, in, "work")
}
