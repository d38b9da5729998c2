package action_test

import (
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/client-go/rest"

	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/action"
	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/clustertest"
)

// cutter ends watches as soon as they begin, and lets lists fail, for some times.
type cutter struct {
	http.RoundTripper
	watches, lists *atomic.Int32
	// whole is closed by the first watch that is let through.
	whole chan struct{}
}

func (c cutter) RoundTrip(request *http.Request) (*http.Response, error) {
	collection := request.Method == http.MethodGet && strings.HasSuffix(request.URL.Path, "/deployments")
	watching := request.URL.Query().Get("watch") != ""
	if collection && !watching && c.lists.Add(-1) >= 0 {
		body := io.NopCloser(strings.NewReader("etcd has no leader"))
		return &http.Response{StatusCode: http.StatusInternalServerError, Body: body, Header: http.Header{}, Request: request}, nil
	}
	response, err := c.RoundTripper.RoundTrip(request)
	if err != nil || !collection || !watching {
		return response, err
	}
	switch left := c.watches.Add(-1); {
	case left >= 0:
		err = response.Body.Close()
		response.Body = io.NopCloser(strings.NewReader(""))
	case left == -1:
		close(c.whole)
	}
	return response, err
}

func TestVerificationOutlivesBrokenWatchesAndLists(t *testing.T) {
	cluster := clustertest.Open(t, kubeconfig)
	cluster.Deploy(t, 1)
	var watches, lists atomic.Int32
	whole := make(chan struct{})
	watches.Store(2)
	lists.Store(2)
	client := cluster.Client(t, func(config *rest.Config) {
		config.Wrap(func(next http.RoundTripper) http.RoundTripper { return cutter{next, &watches, &lists, whole} })
	})
	// Pods that can't start keep the verification waiting until the cluster is repaired below.
	cluster.Change(t, clustertest.Unschedulable)
	change, err := (&action.ScaleDeployment{Replicas: pointer[int32](2)}).Apply(t.Context(), action.Cluster{Client: client}, web(cluster))
	if err != nil {
		t.Fatal(err)
	}
	verified := make(chan error, 1)
	go func() { verified <- verify(t, change) }()
	select {
	case <-whole:
	case err := <-verified:
		t.Fatalf("the verification ended early with error %v", err)
	}
	cluster.Change(t, func(web *appsv1.Deployment) { web.Spec.Template.Spec.NodeSelector = nil })
	if err := <-verified; err != nil {
		t.Error(err)
	}
	if lists.Load() >= 0 {
		t.Errorf("%d lists were not broken", lists.Load())
	}
}

func TestVerificationEndsAtOnceWithoutPermission(t *testing.T) {
	cluster := clustertest.Open(t, kubeconfig)
	cluster.Deploy(t, 1)
	client := cluster.Client(t, func(config *rest.Config) {
		config.Wrap(func(next http.RoundTripper) http.RoundTripper { return stranger{next} })
	})
	change, err := (&action.ScaleDeployment{Replicas: pointer[int32](1)}).Apply(t.Context(), action.Cluster{Client: client}, web(cluster))
	if err != nil {
		t.Fatal(err)
	}
	err = verify(t, change)
	want := `list the deployment: deployments.apps "web" is forbidden: User "stranger" cannot list resource "deployments" in API group "apps" in the namespace "` + cluster.Namespace + `"`
	if err == nil || err.Error() != want {
		t.Errorf("error is\n%v\nwant\n%s", err, want)
	}
}

// stranger reads collections in the name of a user without any rights.
type stranger struct{ http.RoundTripper }

func (s stranger) RoundTrip(request *http.Request) (*http.Response, error) {
	if strings.HasSuffix(request.URL.Path, "/deployments") {
		request = request.Clone(request.Context())
		request.Header.Set("Impersonate-User", "stranger")
	}
	return s.RoundTripper.RoundTrip(request)
}

func TestVerificationEndsWhenTheTargetIsDeleted(t *testing.T) {
	cluster := clustertest.Open(t, kubeconfig)
	cluster.Deploy(t, 1)
	cluster.Change(t, clustertest.Unschedulable)
	change, err := (&action.ScaleDeployment{Replicas: pointer[int32](2)}).Apply(t.Context(), action.Cluster{Client: cluster}, web(cluster))
	if err != nil {
		t.Fatal(err)
	}
	cluster.Delete(t)
	err = verify(t, change)
	if want := web(cluster).String() + " was deleted during its rollout"; err == nil || err.Error() != want {
		t.Errorf("error is %v, want %s", err, want)
	}
}

func TestVerificationEndsWhenTheRolloutIsGivenUp(t *testing.T) {
	cluster := clustertest.Open(t, kubeconfig)
	cluster.Deploy(t, 1)
	cluster.Change(t, func(web *appsv1.Deployment) {
		clustertest.Unschedulable(web)
		web.Spec.ProgressDeadlineSeconds = pointer[int32](1)
	})
	change, err := (&action.IncreaseResources{MemoryFactor: pointer(2.0)}).Apply(t.Context(), action.Cluster{Client: cluster}, web(cluster))
	if err != nil {
		t.Fatal(err)
	}
	err = verify(t, change)
	if want := "the rollout exceeded its progress deadline: "; err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("error is %v, want %s", err, want)
	}
}
