package action_test

import (
	"context"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/action"
	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/clustertest"
)

// TestDrainNodePassesOverPodsOfNamespacesThatGo leaves to the end of a namespace what it ends anyway: the API server
// refuses to evict there.
func TestDrainNodePassesOverPodsOfNamespacesThatGo(t *testing.T) {
	cluster := clustertest.Open(t, kubeconfig)
	node := cluster.Node(t)
	namespace, err := cluster.CoreV1().Namespaces().Create(t.Context(),
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "remediator-going-"}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	pods := cluster.CoreV1().Pods(namespace.Name)
	pod, err := pods.Create(t.Context(), &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "held", Finalizers: []string{"example.com/hold"}},
		Spec:       corev1.PodSpec{NodeName: node, Containers: []corev1.Container{{Name: "app", Image: "registry.example/app"}}},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_, err := pods.Patch(context.Background(), pod.Name, types.MergePatchType, []byte(`{"metadata": {"finalizers": null}}`), metav1.PatchOptions{})
		if err != nil {
			t.Error(err)
		}
	})
	if err := cluster.CoreV1().Namespaces().Delete(t.Context(), namespace.Name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	change, err := (&action.DrainNode{}).Apply(t.Context(), action.Cluster{Client: cluster}, action.Target{Kind: action.Node, Name: node})
	if err != nil || change.After["unschedulable"] != true {
		t.Errorf("the drain gave %v, %v", change.After, err)
	}
}
