// Package fakeapi is an API server in memory for tests that must force faults at exact moments: watches that break off,
// versions that are too old, refusals and lost answers. It reads and watches like the real one and is changed by calls
// from the test, not over HTTP.
//
// It is no replacement for the real server, against which all writing is tested.
package fakeapi

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync"
	"testing"

	"k8s.io/client-go/rest"

	"github.com/scenario-runner/scenario-runner/steps/kube/client"
	"github.com/scenario-runner/scenario-runner/steps/kube/discovery"
)

// ConfigMaps is the one kind that the server has.
var ConfigMaps = discovery.Mapping{
	Version: "v1", Kind: "ConfigMap", Resource: "configmaps", Singular: "configmap", ShortNames: []string{"cm"}, Namespaced: true,
	Verbs: []string{"get", "list", "watch"},
}

// Server holds config maps.
type Server struct {
	// Intercept may answer a request instead of the server; it returns whether it did. Set it before the first request.
	Intercept func(w http.ResponseWriter, r *http.Request) bool
	// NoStreamedLists makes the server refuse sendInitialEvents as servers before 1.32 do.
	NoStreamedLists bool

	http *httptest.Server
	gate sync.RWMutex // held by Hold

	mu        sync.Mutex
	version   int
	compacted int
	objects   map[string]map[string]any
	history   []event
	changed   chan struct{} // closed and replaced at each change
	dropped   chan struct{} // closed and replaced by Drop
	watching  int
}

type event struct {
	version int
	kind    string
	object  map[string]any
}

// New starts a server that ends with the test.
func New(t testing.TB) *Server {
	t.Helper()
	s := &Server{version: 100, objects: map[string]map[string]any{}, changed: make(chan struct{}), dropped: make(chan struct{})}
	s.http = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(func() {
		s.Drop()
		s.http.CloseClientConnections()
		s.http.Close()
	})
	return s
}

// Client returns a client for the server.
func (s *Server) Client(t testing.TB, policy client.Policy) *client.Client {
	t.Helper()
	api, err := client.New(&rest.Config{Host: s.http.URL, Transport: &http.Transport{}}, policy)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(api.Close)
	return api
}

// Put creates or changes the config map and returns its version.
func (s *Server) Put(namespace, name string, data map[string]string) string {
	return s.PutLabelled(namespace, name, data, nil)
}

// PutLabelled is Put with labels.
func (s *Server) PutLabelled(namespace, name string, data, labels map[string]string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := namespace + "/" + name
	kind, uid := "ADDED", "uid-"+strconv.Itoa(s.version+1)
	if old := s.objects[key]; old != nil {
		kind, uid = "MODIFIED", old["metadata"].(map[string]any)["uid"].(string)
	}
	object := map[string]any{"apiVersion": "v1", "kind": "ConfigMap", "data": data, "metadata": map[string]any{
		"namespace": namespace, "name": name, "uid": uid, "labels": labels, "managedFields": []any{map[string]any{"manager": "test"}},
	}}
	s.objects[key] = object
	return s.record(kind, object)
}

// Delete removes the config map.
func (s *Server) Delete(namespace, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := namespace + "/" + name
	object := maps.Clone(s.objects[key])
	object["metadata"] = maps.Clone(object["metadata"].(map[string]any))
	delete(s.objects, key)
	s.record("DELETED", object)
}

// record gives the object the next version and tells the watches.
func (s *Server) record(kind string, object map[string]any) string {
	s.version++
	version := strconv.Itoa(s.version)
	object["metadata"].(map[string]any)["resourceVersion"] = version
	s.history = append(s.history, event{s.version, kind, object})
	close(s.changed)
	s.changed = make(chan struct{})
	return version
}

// Drop breaks all watches off.
func (s *Server) Drop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.dropped)
	s.dropped = make(chan struct{})
}

// Compact forgets the history, so that a watch can't go on from before now.
func (s *Server) Compact() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.compacted, s.history = s.version, nil
}

// Hold breaks all watches off and lets none begin until act is done.
func (s *Server) Hold(act func()) {
	s.gate.Lock()
	defer s.gate.Unlock()
	s.Drop()
	act()
}

// Watching is how many watches are open.
func (s *Server) Watching() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.watching
}

// state returns the objects of a namespace ("" for all) by name, with the version of the list.
func (s *Server) state(namespace string) ([]map[string]any, int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []map[string]any
	for _, key := range slices.Sorted(maps.Keys(s.objects)) {
		if namespace == "" || s.objects[key]["metadata"].(map[string]any)["namespace"] == namespace {
			out = append(out, s.objects[key])
		}
	}
	return out, s.version
}
