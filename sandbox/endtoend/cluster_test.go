package endtoend

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	watchtools "k8s.io/client-go/tools/watch"
)

// namespace makes a namespace for one test and deletes it afterwards.
func namespace(t *testing.T, client kubernetes.Interface) string {
	t.Helper()
	made, err := client.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "test-"},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := client.CoreV1().Namespaces().Delete(context.Background(), made.Name, metav1.DeleteOptions{}); err != nil {
			t.Error(err)
		}
	})
	// Pods are admitted once the controllers have made the default service account.
	accounts := client.CoreV1().ServiceAccounts(made.Name)
	wait(t, "the default service account", &corev1.ServiceAccount{}, watcher{
		list:  func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) { return accounts.List(ctx, o) },
		watch: accounts.Watch,
	}, func(account *corev1.ServiceAccount) bool { return account.Name == "default" })
	return made.Name
}

// watcher lists and watches one kind of object.
type watcher struct {
	list  func(context.Context, metav1.ListOptions) (runtime.Object, error)
	watch func(context.Context, metav1.ListOptions) (watch.Interface, error)
}

// wait watches until an object satisfies the condition and fails the test with the last one seen otherwise.
func wait[T runtime.Object](t *testing.T, what string, kind T, from watcher, satisfied func(T) bool) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	list := &cache.ListWatch{ListWithContextFunc: from.list, WatchFuncWithContext: from.watch}
	var last T
	_, err := watchtools.UntilWithSync(ctx, list, kind, nil, func(event watch.Event) (bool, error) {
		object, ok := event.Object.(T)
		if !ok || event.Type == watch.Deleted {
			return false, nil
		}
		last = object
		return satisfied(object), nil
	})
	if err != nil {
		seen, _ := json.MarshalIndent(last, "", " ")
		t.Fatalf("waited for %s: %v; last seen: %s", what, err, seen)
	}
	return last
}

func waitPod(t *testing.T, client kubernetes.Interface, namespace, what string, satisfied func(*corev1.Pod) bool) *corev1.Pod {
	t.Helper()
	pods := client.CoreV1().Pods(namespace)
	return wait(t, what, &corev1.Pod{}, watcher{
		list:  func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) { return pods.List(ctx, o) },
		watch: pods.Watch,
	}, satisfied)
}

func waitEvent(t *testing.T, client kubernetes.Interface, namespace, reason string) *corev1.Event {
	t.Helper()
	events := client.CoreV1().Events(namespace)
	return wait(t, "an event "+reason, &corev1.Event{}, watcher{
		list:  func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) { return events.List(ctx, o) },
		watch: events.Watch,
	}, func(event *corev1.Event) bool { return event.Reason == reason })
}

// waitGone waits until a pod doesn't exist.
func waitGone(t *testing.T, client kubernetes.Interface, namespace, name string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	events, err := client.CoreV1().Pods(namespace).Watch(ctx, metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer events.Stop()
	if _, err := client.CoreV1().Pods(namespace).Get(ctx, name, metav1.GetOptions{}); apierrors.IsNotFound(err) {
		return
	}
	for event := range events.ResultChan() {
		if gone, ok := event.Object.(*corev1.Pod); ok && gone.Name == name && event.Type == watch.Deleted {
			return
		}
	}
	t.Fatalf("waited for the end of pod %s: it still exists", name)
}

func waitJob(t *testing.T, client kubernetes.Interface, namespace, name string, condition batchv1.JobConditionType) {
	t.Helper()
	jobs := client.BatchV1().Jobs(namespace)
	wait(t, fmt.Sprintf("job %s to be %s", name, condition), &batchv1.Job{}, watcher{
		list:  func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) { return jobs.List(ctx, o) },
		watch: jobs.Watch,
	}, func(job *batchv1.Job) bool {
		for _, found := range job.Status.Conditions {
			if found.Type == condition && found.Status == corev1.ConditionTrue {
				return job.Name == name
			}
		}
		return false
	})
}

func waitNode(t *testing.T, client kubernetes.Interface, what string, satisfied func(*corev1.Node) bool) *corev1.Node {
	t.Helper()
	nodes := client.CoreV1().Nodes()
	return wait(t, what, &corev1.Node{}, watcher{
		list:  func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) { return nodes.List(ctx, o) },
		watch: nodes.Watch,
	}, satisfied)
}

// pod returns a pod of one container with the annotations given as pairs, without the prefix.
func pod(name string, annotations ...string) *corev1.Pod {
	p := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"app": name}, Annotations: map[string]string{}},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "app", Image: "registry.example/app:1"}}},
	}
	for i := 0; i < len(annotations); i += 2 {
		p.Annotations[prefix+annotations[i]] = annotations[i+1]
	}
	return p
}

const prefix = "sandbox.scenario-runner.dev/"

func create(t *testing.T, client kubernetes.Interface, namespace string, p *corev1.Pod) *corev1.Pod {
	t.Helper()
	made, err := client.CoreV1().Pods(namespace).Create(t.Context(), p, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// annotate sets an annotation of a pod, or removes it if the value is empty.
func annotate(t *testing.T, client kubernetes.Interface, namespace, name, annotation, value string) {
	t.Helper()
	_, err := client.CoreV1().Pods(namespace).Patch(t.Context(), name, types.MergePatchType, annotationPatch(t, annotation, value), metav1.PatchOptions{})
	if err != nil {
		t.Fatal(err)
	}
}

func annotateNode(t *testing.T, client kubernetes.Interface, name, annotation, value string) {
	t.Helper()
	_, err := client.CoreV1().Nodes().Patch(t.Context(), name, types.MergePatchType, annotationPatch(t, annotation, value), metav1.PatchOptions{})
	if err != nil {
		t.Fatal(err)
	}
}

func annotationPatch(t *testing.T, annotation, value string) []byte {
	t.Helper()
	values := map[string]any{prefix + annotation: nil}
	if value != "" {
		values[prefix+annotation] = value
	}
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"annotations": values}})
	if err != nil {
		t.Fatal(err)
	}
	return patch
}

func isReady(p *corev1.Pod) bool { return podCondition(p, corev1.PodReady) == corev1.ConditionTrue }

func podCondition(p *corev1.Pod, kind corev1.PodConditionType) corev1.ConditionStatus {
	for _, condition := range p.Status.Conditions {
		if condition.Type == kind {
			return condition.Status
		}
	}
	return ""
}

// app returns the status of the container named app.
func app(p *corev1.Pod) corev1.ContainerStatus {
	for _, status := range p.Status.ContainerStatuses {
		if status.Name == "app" {
			return status
		}
	}
	return corev1.ContainerStatus{}
}

func waitsFor(p *corev1.Pod, reason string) bool {
	waiting := app(p).State.Waiting
	return waiting != nil && waiting.Reason == reason
}

func contains(t *testing.T, text, part string) {
	t.Helper()
	if !strings.Contains(text, part) {
		t.Errorf("expected %q in:\n%s", part, text)
	}
}
