package discovery_test

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/client-go/rest"

	"github.com/scenario-runner/scenario-runner/steps/kube/client"
	"github.com/scenario-runner/scenario-runner/steps/kube/discovery"
)

const core = `{"kind":"APIGroupDiscoveryList","items":[{"metadata":{},"versions":[{"version":"v1","resources":[
 {"resource":"pods","responseKind":{"kind":"Pod"},"scope":"Namespaced","singularResource":"pod","verbs":["get","list"],"shortNames":["po"],"subresources":[{"subresource":"log"}]}]}]}]}`

const groups = `{"kind":"APIGroupDiscoveryList","items":[{"metadata":{"name":"apps"},"versions":[{"version":"v1","resources":[
 {"resource":"deployments","responseKind":{"kind":"Deployment"},"scope":"Namespaced","singularResource":"deployment","verbs":["get"],"shortNames":["deploy"]}]}]}]}`

// server serves the two documents and counts.
type server struct {
	asked  int
	groups string
}

func (s *server) RoundTrip(r *http.Request) (*http.Response, error) {
	s.asked++
	body := core
	if r.URL.Path == "/apis" {
		body = s.groups
	}
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}, nil
}

func mapper(t *testing.T, s *server, dir string) *discovery.Mapper {
	t.Helper()
	api, err := client.New(&rest.Config{Host: "https://api.example", Transport: s}, client.Policy{})
	if err != nil {
		t.Fatal(err)
	}
	return discovery.New(api, dir, "identity")
}

func find(t *testing.T, m *discovery.Mapper, name string) discovery.Mapping {
	t.Helper()
	found, err := m.Find(t.Context(), "", name)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestWarmStartAsksNothingAndAMissAsksAgain(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := &server{groups: groups}
		if got := find(t, mapper(t, s, dir), "deploy"); got.Path("shop", "web", "scale") != "/apis/apps/v1/namespaces/shop/deployments/web/scale" || s.asked != 2 {
			t.Errorf("%s after %d requests", got.Path("shop", "web", "scale"), s.asked)
		}
		warm := mapper(t, s, dir)
		if got := find(t, warm, "Pod"); got.Path("", "") != "/api/v1/pods" || s.asked != 2 {
			t.Errorf("%s after %d requests", got.Path("", ""), s.asked)
		}
		s.groups = strings.ReplaceAll(strings.ReplaceAll(groups, "eployment", "aemonset"), "deploy", "ds")
		if got := find(t, warm, "daemonset"); got.Kind != "Daemonset" || s.asked != 4 {
			t.Errorf("%s after %d requests", got, s.asked)
		}
		// Six hours later the file is of no account.
		timer := time.NewTimer(7 * time.Hour)
		<-timer.C
		find(t, mapper(t, s, dir), "pods")
		if s.asked != 6 {
			t.Errorf("%d requests, want 6: the cache is too old", s.asked)
		}
	})
}

func TestDamagedCacheIsNoCache(t *testing.T) {
	dir := t.TempDir()
	s := &server{groups: groups}
	find(t, mapper(t, s, dir), "pods")
	files, err := filepath.Glob(filepath.Join(dir, "discovery", "*.json"))
	if err != nil || len(files) != 1 {
		t.Fatalf("%v %v", files, err)
	}
	if err := os.WriteFile(files[0], []byte(`{"format":1,"fet`), 0o600); err != nil {
		t.Fatal(err)
	}
	find(t, mapper(t, s, dir), "pods")
	if s.asked != 4 {
		t.Errorf("%d requests, want 4", s.asked)
	}
}

func TestOldServerIsTold(t *testing.T) {
	s := &server{groups: `{"kind":"APIGroupList"}`}
	_, err := mapper(t, s, "").Find(t.Context(), "", "pods")
	want := `list the kinds that the server has: /apis answered with a "APIGroupList" instead of an APIGroupDiscoveryList; Kubernetes 1.27 or newer is needed`
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}
