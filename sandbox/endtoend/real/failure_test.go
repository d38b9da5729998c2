//go:build real

package real

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

func TestTheKernelKillsAContainerAtItsMemoryLimit(t *testing.T) {
	t.Parallel()
	in := namespace(t)
	createPod(t, in, "greedy", podSpec("eat", "200"))
	pod := waitPod(t, in, "greedy", "a container that was killed", func(pod *corev1.Pod) bool {
		return container(pod).LastTerminationState.Terminated != nil
	})
	if ended := container(pod).LastTerminationState.Terminated; ended.Reason != "OOMKilled" || ended.ExitCode != 137 {
		t.Errorf("found %s with exit code %d, expected OOMKilled with 137", ended.Reason, ended.ExitCode)
	}
}

func TestACrashLoopBacksOff(t *testing.T) {
	t.Parallel()
	in := namespace(t)
	createPod(t, in, "crash", podSpec("exit", "4"))
	pod := waitPod(t, in, "crash", "a crash loop", func(pod *corev1.Pod) bool {
		return waitsFor(pod, "CrashLoopBackOff") && container(pod).RestartCount > 0
	})
	if ended := container(pod).LastTerminationState.Terminated; ended == nil || ended.ExitCode != 4 || ended.Reason != "Error" {
		t.Errorf("found %+v, expected Error with exit code 4", ended)
	}
	if log := logs(t, in, "crash", corev1.PodLogOptions{Previous: true}); log != "ending with 4\n" {
		t.Errorf("found log %q", log)
	}
}

func TestAnUnhealthyContainerIsStartedAgain(t *testing.T) {
	t.Parallel()
	in := namespace(t)
	spec := podSpec("serve")
	spec.Containers[0].LivenessProbe = probe("/health")
	createPod(t, in, "live", spec)
	waitPod(t, in, "live", "a ready pod", isReady)
	if output, err := execute(t, in, "live", "get", "http://127.0.0.1:8080/break"); err != nil {
		t.Fatalf("break the workload: %v: %s", err, output)
	}
	waitPod(t, in, "live", "a restart", func(pod *corev1.Pod) bool { return container(pod).RestartCount == 1 && isReady(pod) })
	events, err := suite.shared.client.CoreV1().Events(in).List(t.Context(), metav1.ListOptions{FieldSelector: "reason=Killing"})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(events.Items, func(event corev1.Event) bool { return strings.Contains(event.Message, "failed liveness probe") }) {
		t.Errorf("found no event about the probe: %+v", events.Items)
	}
}

func probe(path string) *corev1.Probe {
	return &corev1.Probe{
		PeriodSeconds: 1, FailureThreshold: 2,
		ProbeHandler: corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: path, Port: intstr.FromInt32(8080)}},
	}
}

func TestAMissingImageIsNotPulled(t *testing.T) {
	t.Parallel()
	in := namespace(t)
	spec := podSpec("serve")
	spec.Containers[0].Image, spec.Containers[0].ImagePullPolicy = "registry.invalid/app:1", corev1.PullIfNotPresent
	createPod(t, in, "missing", spec)
	waitPod(t, in, "missing", "a pull that has failed", func(pod *corev1.Pod) bool {
		return waitsFor(pod, "ErrImagePull") || waitsFor(pod, "ImagePullBackOff")
	})
}

func TestJobsEndAsTheirProcessesDo(t *testing.T) {
	t.Parallel()
	in := namespace(t)
	createJob(t, in, "good", 3, "index")
	createJob(t, in, "bad", 1, "exit", "3")
	waitJob(t, in, "good", batchv1.JobComplete)
	waitJob(t, in, "bad", batchv1.JobFailed)
	pods, err := suite.shared.client.CoreV1().Pods(in).List(t.Context(), metav1.ListOptions{LabelSelector: "job-name=good"})
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, pod := range pods.Items {
		lines = append(lines, logs(t, in, pod.Name, corev1.PodLogOptions{}))
	}
	slices.Sort(lines)
	if all := strings.Join(lines, ""); all != "index 0\nindex 1\nindex 2\n" {
		t.Errorf("found %q, expected each index once", all)
	}
}

func createJob(t *testing.T, in, name string, completions int32, arguments ...string) {
	t.Helper()
	spec, mode, none := podSpec(arguments...), batchv1.IndexedCompletion, int32(0)
	spec.RestartPolicy = corev1.RestartPolicyNever
	job := &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: batchv1.JobSpec{
			Completions: &completions, Parallelism: &completions, CompletionMode: &mode, BackoffLimit: &none,
			Template: corev1.PodTemplateSpec{Spec: spec},
		},
	}
	if _, err := suite.shared.client.BatchV1().Jobs(in).Create(t.Context(), job, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}

func waitJob(t *testing.T, in, name string, wanted batchv1.JobConditionType) {
	t.Helper()
	until(t, fmt.Sprintf("job %s to be %s", name, wanted), func(ctx context.Context) (string, bool) {
		job, err := suite.shared.client.BatchV1().Jobs(in).Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return err.Error(), false
		}
		return fmt.Sprintf("%+v", job.Status), slices.ContainsFunc(job.Status.Conditions, func(c batchv1.JobCondition) bool {
			return c.Type == wanted && c.Status == corev1.ConditionTrue
		})
	})
}
