package action_test

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"

	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/action"
	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/clustertest"
)

// release gives the deployment web an image, a reason, and pods that can't start if it is broken.
func release(t *testing.T, cluster *clustertest.Cluster, image string, broken bool) {
	t.Helper()
	revision := cluster.Deployment(t).Annotations["deployment.kubernetes.io/revision"]
	cluster.Change(t, func(web *appsv1.Deployment) {
		web.Annotations["kubernetes.io/change-cause"] = "release of " + image
		web.Spec.Template.Spec.Containers[0].Image = image
		web.Spec.Template.Spec.NodeSelector = nil
		if broken {
			clustertest.Unschedulable(web)
		}
	})
	cluster.Await(t, func(web *appsv1.Deployment) bool {
		return web.Status.ObservedGeneration == web.Generation && web.Annotations["deployment.kubernetes.io/revision"] != revision &&
			web.Status.UpdatedReplicas > 0
	})
}

func TestRollbackDeployment(t *testing.T) {
	cluster := clustertest.Open(t, kubeconfig)
	cluster.Deploy(t, 2)
	release(t, cluster, "web:2", false)
	release(t, cluster, "web:3", true)
	change := carryOut(t, cluster, &action.RollbackDeployment{}, web(cluster))
	want := action.Change{
		Before: action.State{"revision": "3", "images": map[string]string{"web": "web:3", "sidecar": "sidecar:1"}},
		After:  action.State{"rolledBackTo": "2", "images": map[string]string{"web": "web:2", "sidecar": "sidecar:1"}},
	}
	change.Verify, change.Undo = nil, nil
	if diff := cmp.Diff(want, change); diff != "" {
		t.Errorf("change (-want +got):\n%s", diff)
	}
	now := cluster.Deployment(t)
	if now.Status.AvailableReplicas != 2 || now.Spec.Template.Spec.NodeSelector != nil {
		t.Errorf("after the verification the status is %+v and the node selector %v", now.Status, now.Spec.Template.Spec.NodeSelector)
	}
	if _, hashed := now.Spec.Template.Labels["pod-template-hash"]; hashed {
		t.Error("the template kept the label of the replica set")
	}
	if got := now.Annotations["kubernetes.io/change-cause"]; got != "release of web:2" {
		t.Errorf("the change cause is %q, want that of the revision", got)
	}
}

func TestRollbackDeploymentRetriesOnConflict(t *testing.T) {
	cluster := clustertest.Open(t, kubeconfig)
	cluster.Deploy(t, 1)
	release(t, cluster, "web:2", true)
	change, err := (&action.RollbackDeployment{}).Apply(t.Context(), disturbed(t, cluster, http.MethodPatch, 2), web(cluster))
	if err != nil {
		t.Fatal(err)
	}
	if err := verify(t, change); err != nil {
		t.Fatal(err)
	}
	now := cluster.Deployment(t)
	if image := now.Spec.Template.Spec.Containers[0].Image; image != "web:1" || *now.Spec.ProgressDeadlineSeconds != 602 {
		t.Errorf("image %q and deadline %d, want web:1 and that of the last of two writers", image, *now.Spec.ProgressDeadlineSeconds)
	}
}

func TestRollbackDeploymentRefusals(t *testing.T) {
	cluster := clustertest.Open(t, kubeconfig)
	cluster.Deploy(t, 1)
	target := web(cluster)
	refused(t, cluster, &action.RollbackDeployment{}, target, target.String()+" has no revision with another template to go back to")
	cluster.Change(t, func(web *appsv1.Deployment) { web.Spec.Paused = true })
	refused(t, cluster, &action.RollbackDeployment{}, target, target.String()+" is paused; resume it before it can be rolled back")
	target.Name = "absent"
	refused(t, cluster, &action.RollbackDeployment{}, target, "read "+target.String()+`: deployments.apps "absent" not found`)
}
