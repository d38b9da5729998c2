package action_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/action"
	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/clustertest"
)

// podNames returns the names of the pods of the deployment web, sorted.
func podNames(t *testing.T, cluster *clustertest.Cluster) []string {
	t.Helper()
	var names []string
	for _, pod := range cluster.Pods(t) {
		names = append(names, pod.Name)
	}
	slices.Sort(names)
	return names
}

func TestRestartPodByName(t *testing.T) {
	cluster := clustertest.Open(t, kubeconfig)
	cluster.Deploy(t, 3)
	before := podNames(t, cluster)
	target := action.Target{Kind: action.Pod, Namespace: cluster.Namespace, Name: before[1]}
	change := carryOut(t, cluster, &action.RestartPod{}, target)
	after := podNames(t, cluster)
	if len(after) != 3 || slices.Contains(after, before[1]) || !slices.Contains(after, before[0]) || !slices.Contains(after, before[2]) {
		t.Errorf("pods went from %v to %v, want only the second one replaced", before, after)
	}
	wantBefore := action.State{"pods": []action.State{{"name": before[1], "phase": "Running", "restarts": int32(0), "ready": true}}}
	if diff := cmp.Diff(wantBefore, change.Before); diff != "" {
		t.Errorf("before (-want +got):\n%s", diff)
	}
	fresh := slices.DeleteFunc(after, func(name string) bool { return slices.Contains(before, name) })
	if diff := cmp.Diff(action.State{"deleted": before[1:2], "replacements": fresh}, change.After); diff != "" {
		t.Errorf("after (-want +got):\n%s", diff)
	}
}

func TestRestartPodBySelector(t *testing.T) {
	cluster := clustertest.Open(t, kubeconfig)
	cluster.Deploy(t, 2)
	before := podNames(t, cluster)
	target := action.Target{Kind: action.Pod, Namespace: cluster.Namespace, Selector: "app=web"}
	change := carryOut(t, cluster, &action.RestartPod{GracePeriodSeconds: pointer[int64](0), Maximum: pointer(2)}, target)
	if diff := cmp.Diff(action.State{"deleted": before, "replacements": podNames(t, cluster)}, change.After); diff != "" {
		t.Errorf("after (-want +got):\n%s", diff)
	}
}

func TestRestartPodWaitsForAReadyReplacement(t *testing.T) {
	cluster := clustertest.Open(t, kubeconfig)
	cluster.Deploy(t, 1)
	// A quota of no pods keeps the replacement from being made.
	quota := &corev1.ResourceQuota{
		ObjectMeta: metav1.ObjectMeta{Name: "full"},
		Spec:       corev1.ResourceQuotaSpec{Hard: corev1.ResourceList{corev1.ResourcePods: resource.MustParse("0")}},
	}
	if _, err := cluster.CoreV1().ResourceQuotas(cluster.Namespace).Create(t.Context(), quota, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	awaitFull(t, cluster)
	target := action.Target{Kind: action.Pod, Namespace: cluster.Namespace, Selector: "app=web"}
	change, err := (&action.RestartPod{}).Apply(t.Context(), action.Cluster{Client: cluster}, target)
	if err != nil {
		t.Fatal(err)
	}
	cluster.Await(t, func(web *appsv1.Deployment) bool { return web.Status.AvailableReplicas == 0 })
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	err = change.Verify(ctx)
	if want := "not healthy in time: 0 of 1 new pods were ready"; err == nil || err.Error() != want {
		t.Errorf("error is %v, want %s", err, want)
	}
}

// awaitFull asks, as a dry run, for another pod until the quota is known to the API server.
func awaitFull(t *testing.T, cluster *clustertest.Cluster) {
	t.Helper()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	deadline := time.After(30 * time.Second)
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "more"},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "more", Image: "more:1"}}},
	}
	for {
		_, err := cluster.CoreV1().Pods(cluster.Namespace).Create(t.Context(), pod, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
		if apierrors.IsForbidden(err) {
			return
		}
		select {
		case <-ticker.C:
		case <-deadline:
			t.Fatalf("the quota does not count: %v", err)
		}
	}
}

func TestRestartPodRefusals(t *testing.T) {
	cluster := clustertest.Open(t, kubeconfig)
	cluster.Deploy(t, 2)
	bare := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "bare", Labels: map[string]string{"app": "web"}},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "bare", Image: "bare:1"}}},
	}
	if _, err := cluster.CoreV1().Pods(cluster.Namespace).Create(t.Context(), bare, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	selected := func(selector string) action.Target {
		return action.Target{Kind: action.Pod, Namespace: cluster.Namespace, Selector: selector}
	}
	named := action.Target{Kind: action.Pod, Namespace: cluster.Namespace, Name: "absent"}
	refused(t, cluster, &action.RestartPod{}, selected("app=web"), `pod "bare" has no controller that would start it again`)
	refused(t, cluster, &action.RestartPod{Maximum: pointer(1)}, selected("app=web"),
		selected("app=web").String()+" matches 3 pods, and maximum is 1")
	refused(t, cluster, &action.RestartPod{}, selected("app=other"), `no pod in namespace "`+cluster.Namespace+`" matches "app=other"`)
	refused(t, cluster, &action.RestartPod{}, named, "read "+named.String()+`: pods "absent" not found`)
	if got := len(cluster.Pods(t)); got != 3 {
		t.Errorf("%d pods are left, want all 3", got)
	}
}
