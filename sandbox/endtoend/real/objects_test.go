//go:build real

package real

import (
	"bytes"
	"context"
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/remotecommand"
)

// namespace makes a namespace for one test.
func namespace(t *testing.T) string {
	t.Helper()
	made, err := suite.shared.client.CoreV1().Namespaces().Create(t.Context(),
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "real-"}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx := context.WithoutCancel(t.Context())
		if err := suite.shared.client.CoreV1().Namespaces().Delete(ctx, made.Name, metav1.DeleteOptions{}); err != nil {
			t.Error(err)
		}
	})
	return made.Name
}

// podSpec returns a pod in which the workload runs.
func podSpec(arguments ...string) corev1.PodSpec {
	grace := int64(1)
	return corev1.PodSpec{
		TerminationGracePeriodSeconds: &grace,
		Containers: []corev1.Container{{
			Name: "app", Image: appImage, ImagePullPolicy: corev1.PullNever, Args: arguments,
			Resources: corev1.ResourceRequirements{Limits: corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("64Mi")}},
		}},
	}
}

func createPod(t *testing.T, in, name string, spec corev1.PodSpec) {
	t.Helper()
	object := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"app": name}}, Spec: spec}
	if _, err := suite.shared.client.CoreV1().Pods(in).Create(t.Context(), object, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}

// waitPod waits for a pod to be as wanted.
func waitPod(t *testing.T, in, name, what string, wanted func(pod *corev1.Pod) bool) *corev1.Pod {
	t.Helper()
	var found *corev1.Pod
	until(t, what, func(ctx context.Context) (string, bool) {
		pod, err := suite.shared.client.CoreV1().Pods(in).Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return err.Error(), false
		}
		found = pod
		return fmt.Sprintf("%s %+v", pod.Status.Phase, pod.Status.ContainerStatuses), wanted(pod)
	})
	return found
}

func isReady(pod *corev1.Pod) bool {
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodReady {
			return condition.Status == corev1.ConditionTrue
		}
	}
	return false
}

// container returns the status of the only container.
func container(pod *corev1.Pod) corev1.ContainerStatus {
	if len(pod.Status.ContainerStatuses) == 0 {
		return corev1.ContainerStatus{}
	}
	return pod.Status.ContainerStatuses[0]
}

func waitsFor(pod *corev1.Pod, reason string) bool {
	waiting := container(pod).State.Waiting
	return waiting != nil && waiting.Reason == reason
}

// execute runs the workload in the container of a pod.
func execute(t *testing.T, in, pod string, arguments ...string) (string, error) {
	t.Helper()
	options := &corev1.PodExecOptions{Container: "app", Command: append([]string{"/workload"}, arguments...), Stdout: true, Stderr: true}
	request := suite.shared.client.CoreV1().RESTClient().Post().Namespace(in).Resource("pods").Name(pod).SubResource("exec").
		VersionedParams(options, scheme.ParameterCodec)
	executor, err := remotecommand.NewWebSocketExecutor(suite.shared.config, "GET", request.URL().String())
	if err != nil {
		t.Fatal(err)
	}
	var output, problems bytes.Buffer
	err = executor.StreamWithContext(t.Context(), remotecommand.StreamOptions{Stdout: &output, Stderr: &problems})
	return output.String() + problems.String(), err
}

func logs(t *testing.T, in, pod string, options corev1.PodLogOptions) string {
	t.Helper()
	content, err := suite.shared.client.CoreV1().Pods(in).GetLogs(pod, &options).DoRaw(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
