package watch_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/rest"

	"github.com/scenario-runner/scenario-runner/steps/kube/client"
	"github.com/scenario-runner/scenario-runner/steps/kube/internal/fakeapi"
	"github.com/scenario-runner/scenario-runner/steps/kube/watch"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// hurried keeps the tests quick: the pauses are what is shortened, not what is done.
var hurried = client.Policy{First: time.Millisecond, Max: 5 * time.Millisecond, GiveUp: 20 * time.Second}

func newHub(t *testing.T, server *fakeapi.Server, options watch.Options) *watch.Hub {
	t.Helper()
	hub := watch.NewHub(server.Client(t, hurried), options)
	t.Cleanup(hub.Close)
	return hub
}

func query(namespace, name string) watch.Query {
	return watch.Query{Mapping: fakeapi.ConfigMaps, Namespace: namespace, Name: name}
}

func value(object *unstructured.Unstructured) string {
	if object == nil {
		return "<none>"
	}
	text, _, _ := unstructured.NestedString(object.Object, "data", "v")
	return text
}

func v(text string) map[string]string { return map[string]string{"v": text} }

// until waits for the named object to hold a value and returns all values seen on the way.
func until(ctx context.Context, hub *watch.Hub, q watch.Query, want string, each func(seen string)) ([]string, error) {
	var seen []string
	err := hub.Watch(ctx, q, func(shot watch.Snapshot) (bool, error) {
		now := value(shot.Object)
		seen = append(seen, now)
		if each != nil {
			each(now)
		}
		return now == want, nil
	})
	return seen, err
}

func limited(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func TestPresentStateComesFirst(t *testing.T) {
	for _, listFirst := range []bool{false, true} {
		server := fakeapi.New(t)
		server.Put("shop", "web", v("1"))
		hub := newHub(t, server, watch.Options{ListFirst: listFirst})
		seen, err := until(limited(t), hub, query("shop", "web"), "1", nil)
		if diff := cmp.Diff([]string{"1"}, seen); err != nil || diff != "" {
			t.Errorf("list first %v: %v %s", listFirst, err, diff)
		}
	}
}

func TestChangesAndRemovalAreDelivered(t *testing.T) {
	server := fakeapi.New(t)
	hub := newHub(t, server, watch.Options{})
	q := query("shop", "web")
	q.EveryEvent = true
	steps := map[string]func(){
		"<none>": func() { server.Put("shop", "web", v("1")) },
		"1":      func() { server.Put("shop", "web", v("2")) },
		"2":      func() { server.Put("other", "web", v("3")); server.Put("shop", "web", v("3")) },
	}
	seen, err := until(limited(t), hub, q, "3", func(now string) {
		if act := steps[now]; act != nil {
			act()
		}
	})
	if diff := cmp.Diff([]string{"<none>", "1", "2", "3"}, seen); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	deleted := false
	err = hub.Watch(limited(t), query("shop", "web"), func(shot watch.Snapshot) (bool, error) {
		if shot.Object != nil {
			server.Delete("shop", "web")
		}
		deleted = shot.Deleted
		return shot.Object == nil, nil
	})
	if err != nil || !deleted {
		t.Errorf("deleted = %v, err = %v", deleted, err)
	}
	if stats := hub.Stats(); stats.Opened != 1 {
		t.Errorf("two waits opened %d watches, want 1", stats.Opened)
	}
}

func TestSelectorsFollowObjectsInAndOut(t *testing.T) {
	server := fakeapi.New(t)
	server.PutLabelled("shop", "b", v("1"), map[string]string{"app": "web"})
	server.PutLabelled("shop", "c", v("1"), map[string]string{"app": "db"})
	server.PutLabelled("else", "d", v("1"), map[string]string{"app": "web"})
	hub := newHub(t, server, watch.Options{})
	q := watch.Query{Mapping: fakeapi.ConfigMaps, Namespace: "shop", EveryEvent: true, Labels: labels.SelectorFromSet(labels.Set{"app": "web"})}
	var seen []string
	err := hub.Watch(limited(t), q, func(shot watch.Snapshot) (bool, error) {
		var names []string
		for _, object := range shot.Objects {
			names = append(names, object.GetName())
		}
		seen = append(seen, strings.Join(names, ","))
		switch len(seen) {
		case 1:
			server.PutLabelled("shop", "a", v("1"), map[string]string{"app": "web"})
		case 2:
			server.PutLabelled("shop", "b", v("1"), map[string]string{"app": "moved"})
		case 3:
			server.Delete("shop", "a")
		}
		return len(seen) == 4, nil
	})
	if diff := cmp.Diff([]string{"b", "a,b", "a", ""}, seen); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
}

func TestSlowCallbackGetsTheLatestStateOnly(t *testing.T) {
	server := fakeapi.New(t)
	server.Put("shop", "web", v("first"))
	hub := newHub(t, server, watch.Options{})
	fast := query("shop", "web")
	fast.EveryEvent = true
	seen, err := until(limited(t), hub, query("shop", "web"), "last", func(now string) {
		if now != "first" {
			return
		}
		for range 50 {
			server.Put("shop", "web", v("between"))
		}
		server.Put("shop", "web", v("last"))
		// The stream has taken all of it in once another waiter has seen the last one.
		if _, err := until(limited(t), hub, fast, "last", nil); err != nil {
			t.Error(err)
		}
	})
	if diff := cmp.Diff([]string{"first", "last"}, seen); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
}

func TestDroppedWatchGoesOnWithoutAGap(t *testing.T) {
	server := fakeapi.New(t)
	server.Put("shop", "web", v("0"))
	hub := newHub(t, server, watch.Options{})
	q := query("shop", "web")
	q.EveryEvent = true
	var seen []string
	err := hub.Watch(limited(t), q, func(shot watch.Snapshot) (bool, error) {
		if shot.Gap {
			t.Error("a resumed watch has no gap")
		}
		seen = append(seen, value(shot.Object))
		if len(seen) < 6 {
			server.Drop()
			server.Put("shop", "web", v(string(rune('0'+len(seen)))))
		}
		return len(seen) == 6, nil
	})
	if diff := cmp.Diff([]string{"0", "1", "2", "3", "4", "5"}, seen); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	if stats := hub.Stats(); stats.Relists != 1 {
		t.Errorf("the state was read %d times, want once", stats.Relists)
	}
}

func TestExpiredVersionIsReadAgainAndTheGapIsTold(t *testing.T) {
	for _, listFirst := range []bool{false, true} {
		server := fakeapi.New(t)
		server.Put("shop", "web", v("1"))
		server.Put("shop", "gone", v("1"))
		hub := newHub(t, server, watch.Options{ListFirst: listFirst})
		q := watch.Query{Mapping: fakeapi.ConfigMaps, Namespace: "shop", EveryEvent: true}
		gaps, first := 0, true
		var names []string
		err := hub.Watch(limited(t), q, func(shot watch.Snapshot) (bool, error) {
			if first {
				first = false
				blind(server, func() {
					server.Delete("shop", "gone")
					server.Put("shop", "web", v("2"))
					server.Put("shop", "new", v("1"))
				})
				return false, nil
			}
			if shot.Gap {
				gaps++
			}
			names = nil
			for _, object := range shot.Objects {
				names = append(names, object.GetName()+"="+value(object))
			}
			return shot.Changed == nil, nil
		})
		if diff := cmp.Diff([]string{"new=1", "web=2"}, names); err != nil || diff != "" || gaps != 4 {
			t.Errorf("list first %v: gaps %d, %v %s", listFirst, gaps, err, diff)
		}
	}
}

// blind makes changes that no watch can see: the watches are cut off and the history is gone when they come back.
func blind(server *fakeapi.Server, act func()) {
	server.Hold(func() {
		act()
		server.Compact()
	})
}

func TestServerWithoutStreamedListsIsRead(t *testing.T) {
	server := fakeapi.New(t)
	server.NoStreamedLists = true
	for i := range 1203 {
		server.Put("shop", "web"+string(rune('a'+i%26))+strings.Repeat("x", i/26), v("1"))
	}
	hub := newHub(t, server, watch.Options{})
	count := 0
	err := hub.Watch(limited(t), watch.Query{Mapping: fakeapi.ConfigMaps, Namespace: "shop"}, func(shot watch.Snapshot) (bool, error) {
		count = len(shot.Objects)
		return true, nil
	})
	if err != nil || count != 1203 {
		t.Errorf("count = %d, err = %v", count, err)
	}
}

func TestRefusalsEndTheWaitAtOnce(t *testing.T) {
	cases := map[string]struct {
		code   int
		reason metav1.StatusReason
		want   string
	}{
		"forbidden":    {http.StatusForbidden, metav1.StatusReasonForbidden, `watch configmaps in namespace shop: no`},
		"unauthorized": {http.StatusUnauthorized, metav1.StatusReasonUnauthorized, `watch configmaps: no`},
		"no such kind": {http.StatusNotFound, metav1.StatusReasonNotFound, `watch configmaps: no`},
		"not watched":  {http.StatusMethodNotAllowed, metav1.StatusReasonMethodNotAllowed, `watch configmaps: no`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			server := fakeapi.New(t)
			server.Intercept = func(w http.ResponseWriter, _ *http.Request) bool {
				fakeapi.Refuse(w, c.code, c.reason, "no")
				return true
			}
			hub := newHub(t, server, watch.Options{})
			err := hub.Watch(limited(t), query("shop", "web"), func(watch.Snapshot) (bool, error) { return false, errors.New("called") })
			if err == nil || err.Error() != c.want {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

func TestForbiddenClusterIsWatchedByNamespace(t *testing.T) {
	server := fakeapi.New(t)
	server.Put("shop", "web", v("1"))
	var refused atomic.Int64
	server.Intercept = func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != "/api/v1/configmaps" {
			return false
		}
		refused.Add(1)
		fakeapi.Refuse(w, http.StatusForbidden, metav1.StatusReasonForbidden, "cluster-wide is not for you")
		return true
	}
	hub := newHub(t, server, watch.Options{})
	for range 3 {
		if _, err := until(limited(t), hub, query("shop", "web"), "1", nil); err != nil {
			t.Fatal(err)
		}
	}
	if refused.Load() != 1 {
		t.Errorf("the cluster was asked %d times, want once", refused.Load())
	}
}

func TestAccidentsAreSurvived(t *testing.T) {
	server := fakeapi.New(t)
	server.Put("shop", "web", v("0"))
	var n atomic.Int64
	server.Intercept = func(w http.ResponseWriter, r *http.Request) bool {
		switch n.Add(1) {
		case 1:
			w.Header().Set("Retry-After", "1")
			fakeapi.Refuse(w, http.StatusTooManyRequests, metav1.StatusReasonTooManyRequests, "slow down")
		case 2:
			fakeapi.Refuse(w, http.StatusInternalServerError, metav1.StatusReasonInternalError, "boom")
		case 3:
			http.Error(w, "bad gateway", http.StatusBadGateway)
		case 4:
			abort(w)
		case 5:
			_, _ = w.Write([]byte(`{"type":"ADDED","object":{"apiVersion":"v1","kind":"Conf`))
		case 6:
			_, _ = w.Write([]byte(`{"type":"ERROR","object":{"kind":"Status","code":500,"reason":"InternalError","message":"etcdserver: leader changed"}}`))
		default:
			return false
		}
		return true
	}
	hub := newHub(t, server, watch.Options{})
	began := time.Now()
	seen, err := until(limited(t), hub, query("shop", "web"), "0", nil)
	if diff := cmp.Diff([]string{"0"}, seen); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	if waited := time.Since(began); waited < time.Second {
		t.Errorf("Retry-After of 1s was not honoured: %s", waited)
	}
}

// abort cuts the connection without an answer.
func abort(w http.ResponseWriter) {
	connection, _, err := http.NewResponseController(w).Hijack()
	if err == nil {
		_ = connection.Close()
	}
}

func TestSilentWatchIsReplaced(t *testing.T) {
	server := fakeapi.New(t)
	server.Put("shop", "web", v("0"))
	var n atomic.Int64
	server.Intercept = func(w http.ResponseWriter, r *http.Request) bool {
		if n.Add(1) != 1 {
			return false
		}
		<-r.Context().Done() // a proxy that has lost the other side
		return true
	}
	hub := newHub(t, server, watch.Options{Silence: 50 * time.Millisecond})
	if _, err := until(limited(t), hub, query("shop", "web"), "0", nil); err != nil {
		t.Error(err)
	}
}

func TestOwnWriteIsSeenBeforeTheWatchTellsIt(t *testing.T) {
	server := fakeapi.New(t)
	server.Put("shop", "web", v("old"))
	hub := newHub(t, server, watch.Options{})
	if _, err := until(limited(t), hub, query("shop", "web"), "old", nil); err != nil {
		t.Fatal(err)
	}
	written := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "ConfigMap", "data": map[string]any{"v": "new"}}}
	written.SetNamespace("shop")
	written.SetName("web")
	written.SetUID("uid-101")
	written.SetResourceVersion("150")
	hub.Observe(fakeapi.ConfigMaps, written)
	q := query("shop", "web")
	q.EveryEvent = true
	seen, err := until(limited(t), hub, q, "final", func(now string) {
		if now == "new" {
			server.Put("shop", "web", v("stale")) // version 102: from before the write
			for range 60 {
				server.Put("shop", "else", v("x"))
			}
			server.Put("shop", "web", v("final"))
		}
	})
	if diff := cmp.Diff([]string{"new", "final"}, seen); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	hub.ObserveGone(fakeapi.ConfigMaps, watch.Key{Namespace: "shop", Name: "web"}, "uid-101")
	if seen, err := until(limited(t), hub, query("shop", "web"), "<none>", nil); err != nil || len(seen) != 1 {
		t.Errorf("after its removal: %v %v", seen, err)
	}
}

func TestAnswerThatComesAfterTheRemovalDoesNotBringTheObjectBack(t *testing.T) {
	server := fakeapi.New(t)
	server.Put("shop", "web", v("old"))
	hub := newHub(t, server, watch.Options{})
	_, err := until(limited(t), hub, query("shop", "web"), "<none>", func(now string) {
		if now == "old" {
			server.Delete("shop", "web")
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	last := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "ConfigMap", "data": map[string]any{"v": "old"}}}
	last.SetNamespace("shop")
	last.SetName("web")
	last.SetUID("uid-101")
	last.SetResourceVersion("101")
	hub.Observe(fakeapi.ConfigMaps, last)
	if seen, err := until(limited(t), hub, query("shop", "web"), "<none>", nil); err != nil || len(seen) != 1 {
		t.Errorf("after the late answer: %v %v", seen, err)
	}
}

func TestIdleWatchIsClosedAndCloseEndsWaits(t *testing.T) {
	server := fakeapi.New(t)
	server.Put("shop", "web", v("1"))
	hub := newHub(t, server, watch.Options{Linger: time.Millisecond})
	if _, err := until(limited(t), hub, query("shop", "web"), "1", nil); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() bool { return server.Watching() == 0 && hub.Stats().Watches == 0 })
	waiting := make(chan struct{})
	ended := make(chan error)
	go func() {
		ended <- hub.Watch(limited(t), query("shop", "web"), func(watch.Snapshot) (bool, error) {
			close(waiting)
			return false, nil
		})
	}()
	<-waiting
	hub.Close()
	if err := <-ended; err == nil || err.Error() != "the connection to the cluster was closed while waiting" {
		t.Errorf("got %v", err)
	}
	err := hub.Watch(limited(t), query("shop", "web"), func(watch.Snapshot) (bool, error) { return true, nil })
	if err == nil || err.Error() != "the connection to the cluster was closed while waiting" {
		t.Errorf("after Close: %v", err)
	}
}

// eventually looks until the condition holds, for what has no signal of its own.
func eventually(t *testing.T, condition func() bool) {
	t.Helper()
	ticker := time.NewTicker(time.Millisecond)
	defer ticker.Stop()
	ctx := limited(t)
	for !condition() {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			t.Fatal("the condition never held")
		}
	}
}

func TestUnreachableServerIsAnErrorAtOnce(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	listener.Close()
	api, err := client.New(&rest.Config{Host: "http://" + address, Transport: &http.Transport{}}, hurried)
	if err != nil {
		t.Fatal(err)
	}
	hub := watch.NewHub(api, watch.Options{})
	t.Cleanup(hub.Close)
	err = hub.Watch(limited(t), query("shop", "web"), func(watch.Snapshot) (bool, error) { return true, nil })
	if err == nil || err.Error() != "watch configmaps: can't reach "+api.Server()+": connection refused" {
		t.Errorf("got %v", err)
	}
}

func TestCallbackErrorAndCancelledContext(t *testing.T) {
	server := fakeapi.New(t)
	hub := newHub(t, server, watch.Options{})
	mine := errors.New("mine")
	if err := hub.Watch(limited(t), query("shop", "web"), func(watch.Snapshot) (bool, error) { return false, mine }); !errors.Is(err, mine) {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	err := hub.Watch(ctx, query("shop", "web"), func(watch.Snapshot) (bool, error) { cancel(mine); return false, nil })
	if !errors.Is(err, mine) {
		t.Errorf("got %v", err)
	}
}
