package action_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/action"
	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/clustertest"
)

// isCordoned reads whether a node is closed for new pods.
func isCordoned(t *testing.T, cluster *clustertest.Cluster, name string) bool {
	t.Helper()
	node, err := cluster.CoreV1().Nodes().Get(t.Context(), name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return node.Spec.Unschedulable
}

func TestCordonNodeWaitsForTheTaint(t *testing.T) {
	cluster := clustertest.Open(t, kubeconfig)
	target := action.Target{Kind: action.Node, Name: cluster.Node(t)}
	change := carryOut(t, cluster, &action.CordonNode{}, target)
	want := action.Change{Before: action.State{"unschedulable": false}, After: action.State{"unschedulable": true}}
	change.Verify, change.Undo = nil, nil
	if diff := cmp.Diff(want, change); diff != "" {
		t.Errorf("change (-want +got):\n%s", diff)
	}
	node, err := cluster.CoreV1().Nodes().Get(t.Context(), target.Name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	tainted := false
	for _, taint := range node.Spec.Taints {
		tainted = tainted || taint.Key == corev1.TaintNodeUnschedulable
	}
	if !tainted {
		t.Errorf("after the verification the taints are %v", node.Spec.Taints)
	}
}

func TestCordonNodeKeepsTheLimit(t *testing.T) {
	cluster := clustertest.Open(t, kubeconfig)
	first := action.Target{Kind: action.Node, Name: cluster.Node(t)}
	second := action.Target{Kind: action.Node, Name: cluster.Node(t)}
	carryOut(t, cluster, &action.CordonNode{}, first)
	cordoned, err := cluster.CoreV1().Nodes().List(t.Context(), metav1.ListOptions{FieldSelector: "spec.unschedulable=true"})
	if err != nil {
		t.Fatal(err)
	}
	count := len(cordoned.Items)
	refused(t, cluster, &action.CordonNode{MaximumCordoned: &count}, second,
		fmt.Sprintf("%d other nodes are cordoned, and maximumCordoned is %d", count, count))
	if isCordoned(t, cluster, second.Name) {
		t.Error("the second node is cordoned")
	}
	// The node that is cordoned already does not count against itself.
	carryOut(t, cluster, &action.CordonNode{MaximumCordoned: &count}, first)
}

func TestCordonNodeNamesTheMissingNode(t *testing.T) {
	cluster := clustertest.Open(t, kubeconfig)
	refused(t, cluster, &action.CordonNode{}, action.Target{Kind: action.Node, Name: "absent"}, `read Node absent: nodes "absent" not found`)
}
