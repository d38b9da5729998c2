package kube_test

import (
	"bytes"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/kubetest"
)

func TestDeletionWhoseAnswerIsLostHasHappened(t *testing.T) {
	first := firstOf("DELETE")
	proxy := kubetest.NewProxy(t, kubetest.Kubeconfig(t), nil, first)
	c := kubetest.NewOn(t, proxy.Kubeconfig)
	c.Apply(t, configMap)
	last, err := c.Target.Delete(t.Context(), ref(t, "cm/settings"), kube.Deletion{})
	if err != nil || last == nil || last.GetName() != "settings" {
		t.Errorf("the object that was deleted is %v, %v", last, err)
	}
	again, err := c.Target.Delete(t.Context(), ref(t, "cm/settings"), kube.Deletion{})
	if err != nil || again != nil {
		t.Errorf("there was nothing to delete, but it is %v, %v", again, err)
	}
}

// cache answers every second GET of a path with the first answer that it saw, as a cache on the way does that is broken.
func cache(t *testing.T, kubeconfig string) (proxy *kubetest.Proxy, served *atomic.Int64) {
	t.Helper()
	plain := kubetest.NewProxy(t, kubeconfig, nil, nil)
	var kept sync.Map
	served = &atomic.Int64{}
	return kubetest.NewProxy(t, kubeconfig, func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodGet || r.URL.Query().Get("watch") == "true" || !strings.Contains(r.URL.Path, "/configmaps") && !strings.Contains(r.URL.Path, "/deployments/") {
			return false
		}
		recorded := httptest.NewRecorder()
		plain.ServeHTTP(recorded, r)
		body, old := kept.LoadOrStore(r.URL.String(), bytes.Clone(recorded.Body.Bytes()))
		if old && served.Add(1)%2 == 0 {
			body = recorded.Body.Bytes()
		}
		maps.Copy(w.Header(), recorded.Header())
		w.Header().Del("Content-Length") // that of the other answer
		w.WriteHeader(recorded.Code)
		_, _ = w.Write(body.([]byte))
		return true
	}, nil), served
}

func TestReadsFromBeforeOurOwnChangesAreMadeAgain(t *testing.T) {
	proxy, served := cache(t, kubetest.Kubeconfig(t))
	c := kubetest.NewOn(t, proxy.Kubeconfig)
	c.Apply(t, configMap)
	if got := text(get(t, c.Target, "cm/settings"), "data", "color"); got == "red" {
		t.Fatalf("the color is %q before the change", got)
	}
	listed := func() bool {
		objects, err := c.Target.List(t.Context(), ref(t, "configmaps"))
		if err != nil {
			t.Fatal(err)
		}
		return slices.ContainsFunc(objects, func(o *unstructured.Unstructured) bool { return o.GetName() == "settings" })
	}
	if !listed() {
		t.Fatal("what was just made is not in the list")
	}
	if _, err := c.Target.Patch(t.Context(), ref(t, "cm/settings"), kube.Patch{Body: map[string]any{"data": map[string]any{"color": "red"}}}); err != nil {
		t.Fatal(err)
	}
	if got := text(get(t, c.Target, "cm/settings"), "data", "color"); got != "red" {
		t.Errorf("the state from before the change was read: %q", got)
	}
	if _, err := c.Target.Delete(t.Context(), ref(t, "cm/settings"), kube.Deletion{}); err != nil {
		t.Fatal(err)
	}
	if listed() {
		t.Error("what was deleted is still in the list")
	}
	if served.Load() < 2 {
		t.Errorf("the cache answered %d times", served.Load())
	}
}

func TestScaledObjectIsNotReadAsItWasBefore(t *testing.T) {
	proxy, _ := cache(t, kubetest.Kubeconfig(t))
	c := kubetest.NewOn(t, proxy.Kubeconfig)
	c.Apply(t, deployment)
	get(t, c.Target, "deployment/web")
	scaled, err := c.Target.Scale(t.Context(), ref(t, "deployment/web"), 7, kube.Change{})
	if err != nil || number(scaled, "spec", "replicas") != 7 {
		t.Errorf("%d replicas after scaling to 7, %v", number(scaled, "spec", "replicas"), err)
	}
}

// refused loses the answer to the first change of config maps and refuses the next ones.
func refused(t *testing.T, changes *atomic.Int64, loseFirst bool) *kubetest.Proxy {
	isChange := func(r *http.Request) bool {
		return r.Method == http.MethodPatch && strings.Contains(r.URL.Path, "/configmaps/") && r.Header.Get("Content-Type") == "application/merge-patch+json"
	}
	return kubetest.NewProxy(t, kubetest.Kubeconfig(t), func(w http.ResponseWriter, r *http.Request) bool {
		if !isChange(r) || changes.Add(1) == 1 && loseFirst {
			return false
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusForbidden)
		_, _ = w.Write([]byte(`{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Forbidden","code":403,"message":"no more changes"}`))
		return true
	}, isChange)
}

func TestEntryOfARefusedChangeIsKeptWhenAnEarlierAttemptMayHaveWorked(t *testing.T) {
	for _, lost := range []bool{false, true} {
		var changes atomic.Int64
		owner := kubetest.NewOn(t, refused(t, &changes, lost).Kubeconfig)
		owner.Apply(t, configMap)
		run := *owner.Run
		run.Namespace = owner.Target.Namespace
		run.Scenario.Owned, run.Scenario.Namespace, run.Scenario.ID = false, "default", run.Scenario.ID+"-guest"
		guest, err := owner.Env.Target(t.Context(), &run)
		if err != nil {
			t.Fatal(err)
		}
		before := len(owner.Host.Open())
		_, err = guest.Patch(t.Context(), ref(t, "cm/settings"), kube.Patch{Body: map[string]any{"data": map[string]any{"color": "red"}}})
		if err == nil || !strings.HasSuffix(err.Error(), "no more changes") {
			t.Errorf("lost %v: %v", lost, err)
		}
		changed := text(get(t, guest, "cm/settings"), "data", "color") == "red"
		if kept := len(owner.Host.Open()) > before; kept != lost || changed != lost {
			t.Errorf("an answer was lost: %v; the change was made: %v; its entry was kept: %v", lost, changed, kept)
		}
	}
}
