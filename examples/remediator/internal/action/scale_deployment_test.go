package action_test

import (
	"context"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/client-go/rest"

	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/action"
	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/clustertest"
)

func TestScaleDeployment(t *testing.T) {
	for name, test := range map[string]struct {
		action action.ScaleDeployment
		want   int32
	}{
		"to a number":      {action.ScaleDeployment{Replicas: pointer[int32](3)}, 3},
		"to the same":      {action.ScaleDeployment{Replicas: pointer[int32](2)}, 2},
		"by a number":      {action.ScaleDeployment{Delta: pointer[int32](-1)}, 1},
		"by a factor":      {action.ScaleDeployment{Factor: pointer(1.2)}, 3},
		"down by a factor": {action.ScaleDeployment{Factor: pointer(0.9)}, 1},
		"up to a maximum":  {action.ScaleDeployment{Factor: pointer(9.0), Maximum: pointer[int32](4)}, 4},
		"down to a bottom": {action.ScaleDeployment{Delta: pointer[int32](-9), Minimum: pointer[int32](1)}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			cluster := clustertest.Open(t, kubeconfig)
			cluster.Deploy(t, 2)
			change := carryOut(t, cluster, &test.action, web(cluster))
			want := action.Change{Before: action.State{"replicas": int32(2)}, After: action.State{"replicas": test.want}}
			change.Verify, change.Undo = nil, nil
			if diff := cmp.Diff(want, change); diff != "" {
				t.Errorf("change (-want +got):\n%s", diff)
			}
			if got := cluster.Deployment(t).Status.AvailableReplicas; got != test.want {
				t.Errorf("%d replicas are available after the verification, want %d", got, test.want)
			}
		})
	}
}

func TestScaleDeploymentRefusals(t *testing.T) {
	cluster := clustertest.Open(t, kubeconfig)
	cluster.Deploy(t, 2)
	target := web(cluster)
	refused(t, cluster, &action.ScaleDeployment{Delta: pointer[int32](1), Maximum: pointer[int32](2)}, target,
		target.String()+": 2 replicas are at the bound already, scaling would lead to 2")
	refused(t, cluster, &action.ScaleDeployment{Factor: pointer(2.0), Maximum: pointer[int32](1)}, target,
		target.String()+": 2 replicas are at the bound already, scaling would lead to 1")
	target.Name = "absent"
	refused(t, cluster, &action.ScaleDeployment{Delta: pointer[int32](1)}, target,
		"read the scale of "+target.String()+`: deployments.apps "absent" not found`)
}

// intruder lets somebody else write just before a request of the given method.
type intruder struct {
	http.RoundTripper
	method string
	times  *atomic.Int32
	write  func()
}

func (i intruder) RoundTrip(request *http.Request) (*http.Response, error) {
	if request.Method == i.method && i.times.Add(-1) >= 0 {
		i.write()
	}
	return i.RoundTripper.RoundTrip(request)
}

// disturbed returns a client between whose reads and writes the deployment web changes.
func disturbed(t *testing.T, cluster *clustertest.Cluster, method string, times int32) action.Cluster {
	t.Helper()
	var left atomic.Int32
	left.Store(times)
	count := 0
	client := cluster.Client(t, func(config *rest.Config) {
		config.Wrap(func(next http.RoundTripper) http.RoundTripper {
			return intruder{next, method, &left, func() {
				count++
				cluster.Change(t, func(web *appsv1.Deployment) {
					web.Spec.ProgressDeadlineSeconds = pointer(int32(600 + count))
				})
			}}
		})
	})
	return action.Cluster{Client: client}
}

func TestScaleDeploymentRetriesOnConflict(t *testing.T) {
	cluster := clustertest.Open(t, kubeconfig)
	cluster.Deploy(t, 2)
	scale := &action.ScaleDeployment{Delta: pointer[int32](1)}
	if _, err := scale.Apply(t.Context(), disturbed(t, cluster, http.MethodPut, 3), web(cluster)); err != nil {
		t.Fatal(err)
	}
	now := cluster.Deployment(t)
	if *now.Spec.Replicas != 3 || *now.Spec.ProgressDeadlineSeconds != 603 {
		t.Errorf("there are %d replicas and deadline %d, want 3 and that of the last of three writers", *now.Spec.Replicas, *now.Spec.ProgressDeadlineSeconds)
	}
}

func TestVerificationSaysWhatWasSeenLast(t *testing.T) {
	cluster := clustertest.Open(t, kubeconfig)
	cluster.Deploy(t, 0, clustertest.Unschedulable)
	scale := &action.ScaleDeployment{Replicas: pointer[int32](2)}
	change, err := scale.Apply(t.Context(), action.Cluster{Client: cluster}, web(cluster))
	if err != nil {
		t.Fatal(err)
	}
	cluster.Await(t, func(web *appsv1.Deployment) bool { return web.Status.UpdatedReplicas == 2 })
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	err = change.Verify(ctx)
	if want := "not healthy in time: 0 of 2 replicas were available"; err == nil || err.Error() != want {
		t.Errorf("error is %v, want %s", err, want)
	}
}

func TestADryRunStoresNothing(t *testing.T) {
	cluster := clustertest.Open(t, kubeconfig)
	cluster.Deploy(t, 1)
	before := cluster.Deployment(t).Generation
	dry := action.Cluster{Client: cluster, DryRun: true}
	for _, act := range []action.Action{
		&action.ScaleDeployment{Replicas: pointer[int32](5)},
		&action.IncreaseResources{MemoryFactor: pointer(2.0)},
	} {
		if _, err := act.Apply(t.Context(), dry, web(cluster)); err != nil {
			t.Errorf("%T: %v", act, err)
		}
	}
	pods := action.Target{Kind: action.Pod, Namespace: cluster.Namespace, Selector: "app=web"}
	if _, err := (&action.RestartPod{}).Apply(t.Context(), dry, pods); err != nil {
		t.Error(err)
	}
	node := action.Target{Kind: action.Node, Name: cluster.Node(t)}
	change, err := (&action.CordonNode{}).Apply(t.Context(), dry, node)
	if err != nil || change.After["unschedulable"] != true {
		t.Errorf("the dry run of cordoning tells %v and error %v", change.After, err)
	}
	if isCordoned(t, cluster, node.Name) {
		t.Error("the node is cordoned")
	}
	if got := cluster.Deployment(t).Generation; got != before || len(cluster.Pods(t)) != 1 {
		t.Errorf("the generation went from %d to %d, and there are %d pods", before, got, len(cluster.Pods(t)))
	}
}
