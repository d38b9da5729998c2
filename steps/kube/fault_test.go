package kube_test

import (
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/kubetest"
	"github.com/scenario-runner/scenario-runner/steps/kube/ready"
)

// firstOf returns a function that is true for the first request of each method and path.
func firstOf(methods string) func(*http.Request) bool {
	var seen sync.Map
	return func(r *http.Request) bool {
		_, known := seen.LoadOrStore(r.Method+" "+r.URL.Path, true)
		return !known && strings.Contains(methods, r.Method)
	}
}

func TestChangesWhoseAnswersAreLostAreMadeOnce(t *testing.T) {
	var lost atomic.Int64
	first := firstOf("POST PATCH DELETE")
	proxy := kubetest.NewProxy(t, kubetest.Kubeconfig(t), nil, func(r *http.Request) bool {
		if first(r) {
			lost.Add(1)
			return true
		}
		return false
	})
	c := kubetest.NewOn(t, proxy.Kubeconfig) // the answer to the creation of the namespace is lost
	c.Apply(t, configMap)
	if _, err := c.Target.Create(t.Context(), kubetest.Object(t, strings.ReplaceAll(configMap, "settings", "other")), kube.Change{}); err != nil {
		t.Error(err)
	}
	if _, err := c.Target.Patch(t.Context(), ref(t, "cm/other"), kube.Patch{Body: map[string]any{"data": map[string]any{"color": "red"}}}); err != nil {
		t.Error(err)
	}
	if _, err := c.Target.Delete(t.Context(), ref(t, "cm/settings"), kube.Deletion{}); err != nil {
		t.Error(err)
	}
	if get(t, c.Target, "cm/settings") != nil || text(get(t, c.Target, "cm/other"), "data", "color") != "red" {
		t.Error("a change was not made")
	}
	if lost.Load() != 5 {
		t.Errorf("%d answers were lost, want 5", lost.Load())
	}
	if _, err := c.Target.Create(t.Context(), kubetest.Object(t, strings.ReplaceAll(configMap, "settings", "other")), kube.Change{}); err == nil ||
		!strings.HasSuffix(err.Error(), `configmaps "other" already exists`) {
		t.Errorf("a name that is taken: %v", err)
	}
}

func TestPatchThatCanNotBeRepeatedSaysSo(t *testing.T) {
	first := firstOf("PATCH")
	proxy := kubetest.NewProxy(t, kubetest.Kubeconfig(t), nil, func(r *http.Request) bool {
		return strings.HasSuffix(r.URL.Path, "/deployments/web") && r.Header.Get("Content-Type") == "application/json-patch+json" && first(r)
	})
	c := kubetest.NewOn(t, proxy.Kubeconfig)
	c.Apply(t, deployment)
	_, err := c.Target.Patch(t.Context(), ref(t, "deployment/web"), kube.Patch{Type: kube.JSONPatch, Body: []any{
		map[string]any{"op": "add", "path": "/spec/template/spec/containers/-", "value": map[string]any{"name": "more", "image": "i"}},
	}})
	want := "patch Deployment web in namespace " + c.Target.Namespace + ": the answer to the request was lost, so it may or may not have been carried out: "
	if err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("got  %v\nwant %s…", err, want)
	}
}

func TestRolloutIsSeenThroughEveryFault(t *testing.T) {
	var n, faults atomic.Int64
	proxy := kubetest.NewProxy(t, kubetest.Kubeconfig(t), func(w http.ResponseWriter, r *http.Request) bool {
		if n.Add(1)%2 == 0 {
			return false
		}
		switch faults.Add(1) % 5 {
		case 0:
			w.Header().Set("Retry-After", "0")
			http.Error(w, "slow down", http.StatusTooManyRequests)
		case 1:
			http.Error(w, "unavailable", http.StatusServiceUnavailable)
		case 2:
			http.Error(w, "oops", http.StatusInternalServerError)
		case 3:
			panic(http.ErrAbortHandler)
		case 4:
			if r.URL.Query().Get("watch") != "true" {
				return false
			}
			_, _ = w.Write([]byte(`{"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","code":410,"reason":"Expired","message":"too old resource version"}}`))
		}
		return true
	}, nil)
	c := kubetest.NewOn(t, proxy.Kubeconfig)
	c.Apply(t, deployment)
	for _, replicas := range []int{3, 1, 4, 2} {
		if _, err := c.Target.Scale(t.Context(), ref(t, "deploy/web"), replicas, kube.Change{}); err != nil {
			t.Fatal(err)
		}
		c.Until(t, "deploy/web", func(o *unstructured.Unstructured) bool {
			if ready.Of(o).Ready && number(o, "spec", "replicas") != int64(replicas) {
				t.Errorf("a state from before the change was seen: %d replicas, want %d", number(o, "spec", "replicas"), replicas)
			}
			proxy.Break()
			return ready.Of(o).Ready && number(o, "status", "availableReplicas") == int64(replicas)
		})
	}
	if faults.Load() < 10 {
		t.Errorf("only %d faults were made", faults.Load())
	}
}

func TestForbiddenIsAnErrorAtOnce(t *testing.T) {
	proxy := kubetest.NewProxy(t, kubetest.Kubeconfig(t), func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.Contains(r.URL.Path, "/configmaps") {
			return false
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusForbidden)
		_, _ = w.Write([]byte(`{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Forbidden","code":403,"message":"configmaps is forbidden: User \"x\" cannot watch"}`))
		return true
	}, nil)
	c := kubetest.NewOn(t, proxy.Kubeconfig)
	err := c.Target.WatchRef(t.Context(), ref(t, "cm/settings"), func(kube.Snapshot) (bool, error) { return true, nil })
	want := `watch configmaps in namespace ` + c.Target.Namespace + `: configmaps is forbidden: User "x" cannot watch`
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}
