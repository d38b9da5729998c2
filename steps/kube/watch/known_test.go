package watch_test

import (
	"errors"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/scenario-runner/scenario-runner/steps/kube/internal/fakeapi"
	"github.com/scenario-runner/scenario-runner/steps/kube/watch"
)

func configMap(name, version, uid string) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{
		"namespace": "shop", "name": name, "resourceVersion": version, "uid": uid,
	}}}
}

func TestObjectRemovedBeforeTheFirstStateIsNotKept(t *testing.T) {
	server := fakeapi.New(t)
	asked, release := make(chan struct{}), make(chan struct{})
	var first atomic.Bool
	server.Intercept = func(http.ResponseWriter, *http.Request) bool {
		if first.CompareAndSwap(false, true) {
			close(asked)
			<-release
		}
		return false
	}
	hub := newHub(t, server, watch.Options{})
	ended := make(chan error, 1)
	var seen []string
	go func() {
		values, err := until(limited(t), hub, query("shop", "web"), "<none>", nil)
		seen = values
		ended <- err
	}()
	<-asked
	version := server.Put("shop", "web", v("1"))
	hub.Observe(fakeapi.ConfigMaps, configMap("web", version, "uid-1"))
	server.Delete("shop", "web")
	close(release)
	err := <-ended
	if diff := cmp.Diff([]string{"<none>"}, seen); err != nil || diff != "" {
		t.Errorf("an object that is gone was seen: %v %s", err, diff)
	}
}

func TestReadsFromBeforeWhatIsKnownAreStale(t *testing.T) {
	server := fakeapi.New(t)
	hub := newHub(t, server, watch.Options{})
	hub.Observe(fakeapi.ConfigMaps, configMap("web", "120", "a"))
	hub.Observe(fakeapi.ConfigMaps, configMap("db", "110", "d"))
	hub.ObserveGone(fakeapi.ConfigMaps, watch.Key{Namespace: "shop", Name: "db"}, "d")
	listOf := func(version string, items ...*unstructured.Unstructured) watch.List {
		return watch.List{Items: items, ResourceVersion: version}
	}
	cases := map[string]struct {
		err  error
		want string
	}{
		"older form":        {hub.Fresh(fakeapi.ConfigMaps, configMap("web", "119", "a")), "the answer is from before what is known already: ConfigMap web at version 119"},
		"same form":         {hub.Fresh(fakeapi.ConfigMaps, configMap("web", "120", "a")), ""},
		"newer form":        {hub.Fresh(fakeapi.ConfigMaps, configMap("web", "121", "a")), ""},
		"removed":           {hub.Fresh(fakeapi.ConfigMaps, configMap("db", "110", "d")), "the answer is from before what is known already: ConfigMap db at version 110"},
		"made again":        {hub.Fresh(fakeapi.ConfigMaps, configMap("db", "130", "e")), ""},
		"unknown":           {hub.Fresh(fakeapi.ConfigMaps, configMap("new", "90", "n")), ""},
		"older list":        {hub.FreshList(fakeapi.ConfigMaps, "shop", listOf("119")), "the answer is from before what is known already: the list of configmaps at version 119"},
		"same list":         {hub.FreshList(fakeapi.ConfigMaps, "shop", listOf("120")), ""},
		"list with removed": {hub.FreshList(fakeapi.ConfigMaps, "shop", listOf("120", configMap("db", "110", "d"))), "the answer is from before what is known already: the list of configmaps at version 120 holds db as it was"},
	}
	for name, c := range cases {
		if got := text(c.err); got != c.want || c.want != "" && !errors.Is(c.err, watch.ErrStale) {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestFirstStateFromBeforeAWriteIsReadAgain(t *testing.T) {
	server := fakeapi.New(t)
	server.Put("shop", "web", v("old"))
	var asked atomic.Int64
	server.Intercept = func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Query().Get("watch") == "true" || asked.Add(1) > 1 {
			return false
		}
		_, _ = w.Write([]byte(`{"kind":"ConfigMapList","apiVersion":"v1","metadata":{"resourceVersion":"101"},"items":[` +
			`{"metadata":{"namespace":"shop","name":"web","resourceVersion":"101","uid":"uid-101"},"data":{"v":"old"}}]}`))
		return true
	}
	hub := newHub(t, server, watch.Options{ListFirst: true})
	version := server.Put("shop", "web", v("new"))
	hub.Observe(fakeapi.ConfigMaps, configMap("web", version, "uid-101"))
	seen, err := until(limited(t), hub, query("shop", "web"), "new", nil)
	if diff := cmp.Diff([]string{"new"}, seen); err != nil || diff != "" || asked.Load() != 2 {
		t.Errorf("lists: %d, %v %s", asked.Load(), err, diff)
	}
}
