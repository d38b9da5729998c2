package action_test

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/action"
	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/clustertest"
)

// member makes a pod of the database with a role.
func member(t *testing.T, cluster *clustertest.Cluster, name, role string) {
	t.Helper()
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"app": "database", "role": role}},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "postgres", Image: "postgres:17"}}},
	}
	if _, err := cluster.CoreV1().Pods(cluster.Namespace).Create(t.Context(), pod, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}

// role reads the role of a pod.
func role(t *testing.T, cluster *clustertest.Cluster, name string) string {
	t.Helper()
	pod, err := cluster.CoreV1().Pods(cluster.Namespace).Get(t.Context(), name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return pod.Labels["role"]
}

// database makes the service of a database.
func database(t *testing.T, cluster *clustertest.Cluster, selector map[string]string) action.Target {
	t.Helper()
	service := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: "database"},
		Spec:       corev1.ServiceSpec{Selector: selector, Ports: []corev1.ServicePort{{Port: 5432}}},
	}
	if _, err := cluster.CoreV1().Services(cluster.Namespace).Create(t.Context(), service, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	return at(cluster, action.Service, "database")
}

func TestAFailoverMovesTheRoleAndCanBeTakenBack(t *testing.T) {
	cluster := clustertest.Open(t, kubeconfig)
	target := database(t, cluster, map[string]string{"app": "database", "role": "primary"})
	member(t, cluster, "a", "primary")
	refused(t, cluster, &action.FailoverDatabase{}, target, target.String()+": none of its 0 replicas is ready to take over")
	if got := role(t, cluster, "a"); got != "primary" {
		t.Errorf("after the refusal the primary is a %s", got)
	}
	member(t, cluster, "b", "replica")
	cluster.AwaitPod(t, "b")
	change := carryOut(t, cluster, &action.FailoverDatabase{}, target)
	if a, b := role(t, cluster, "a"), role(t, cluster, "b"); a != "replica" || b != "primary" {
		t.Errorf("the roles are %s and %s, want them changed", a, b)
	}
	undo(t, change)
	if a, b := role(t, cluster, "a"), role(t, cluster, "b"); a != "primary" || b != "replica" {
		t.Errorf("after it was taken back the roles are %s and %s", a, b)
	}
}

func TestAServiceOfAllMembersHasNoPrimary(t *testing.T) {
	cluster := clustertest.Open(t, kubeconfig)
	target := database(t, cluster, map[string]string{"app": "database"})
	refused(t, cluster, &action.FailoverDatabase{}, target, target.String()+` selects role="", expected "primary"`)
}
