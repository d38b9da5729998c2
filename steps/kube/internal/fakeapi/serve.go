package fakeapi

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	if s.Intercept != nil && s.Intercept(w, r) {
		return
	}
	parts := strings.Split(strings.TrimPrefix(r.URL.Path, "/api/v1/"), "/")
	namespace := ""
	if parts[0] == "namespaces" && len(parts) > 2 {
		namespace, parts = parts[1], parts[2:]
	}
	switch {
	case parts[0] != "configmaps":
		Refuse(w, http.StatusNotFound, metav1.StatusReasonNotFound, "the server could not find the requested resource")
	case len(parts) > 1:
		s.get(w, namespace, parts[1])
	case r.URL.Query().Get("watch") == "true":
		s.watch(w, r, namespace)
	default:
		s.list(w, r, namespace)
	}
}

// Refuse answers with a Status.
func Refuse(w http.ResponseWriter, code int, reason metav1.StatusReason, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	send(w, metav1.Status{
		TypeMeta: metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}, Status: "Failure", Code: int32(code), Reason: reason, Message: message,
	})
}

func send(w http.ResponseWriter, value any) {
	// A client that went away is the business of the client.
	_ = json.NewEncoder(w).Encode(value)
	if flusher, ok := w.(http.Flusher); ok {
		flusher.Flush()
	}
}

func (s *Server) get(w http.ResponseWriter, namespace, name string) {
	objects, _ := s.state(namespace)
	for _, object := range objects {
		if object["metadata"].(map[string]any)["name"] == name {
			send(w, object)
			return
		}
	}
	Refuse(w, http.StatusNotFound, metav1.StatusReasonNotFound, "configmaps \""+name+"\" not found")
}

// list serves pages; the continue token is the position.
func (s *Server) list(w http.ResponseWriter, r *http.Request, namespace string) {
	objects, version := s.state(namespace)
	from, _ := strconv.Atoi(r.URL.Query().Get("continue"))
	limit, _ := strconv.Atoi(r.URL.Query().Get("limit"))
	metadata := map[string]any{"resourceVersion": strconv.Itoa(version)}
	objects = objects[min(from, len(objects)):]
	if limit > 0 && len(objects) > limit {
		objects = objects[:limit]
		metadata["continue"] = strconv.Itoa(from + limit)
	}
	send(w, map[string]any{"kind": "ConfigMapList", "apiVersion": "v1", "metadata": metadata, "items": objects})
}

func (s *Server) watch(w http.ResponseWriter, r *http.Request, namespace string) {
	query := r.URL.Query()
	from, _ := strconv.Atoi(query.Get("resourceVersion"))
	streamed := query.Get("sendInitialEvents") == "true"
	s.gate.RLock()
	s.mu.Lock()
	expired := !streamed && from < s.compacted
	dropped := s.dropped
	s.watching++
	s.mu.Unlock()
	s.gate.RUnlock()
	defer func() {
		s.mu.Lock()
		s.watching--
		s.mu.Unlock()
	}()
	switch {
	case streamed && s.NoStreamedLists:
		Refuse(w, http.StatusUnprocessableEntity, metav1.StatusReasonInvalid, "sendInitialEvents: Forbidden: sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled")
		return
	case expired:
		Refuse(w, http.StatusGone, metav1.StatusReasonExpired, "too old resource version")
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if streamed {
		from = s.sendState(w, namespace)
	}
	s.follow(w, r, namespace, from, dropped)
}

func (s *Server) sendState(w http.ResponseWriter, namespace string) int {
	objects, version := s.state(namespace)
	for _, object := range objects {
		send(w, map[string]any{"type": "ADDED", "object": object})
	}
	send(w, map[string]any{"type": "BOOKMARK", "object": map[string]any{"kind": "ConfigMap", "apiVersion": "v1", "metadata": map[string]any{
		"resourceVersion": strconv.Itoa(version), "annotations": map[string]string{"k8s.io/initial-events-end": "true"},
	}}})
	return version
}

func (s *Server) follow(w http.ResponseWriter, r *http.Request, namespace string, from int, dropped <-chan struct{}) {
	send(w, map[string]any{"type": "BOOKMARK", "object": map[string]any{"kind": "ConfigMap", "apiVersion": "v1", "metadata": map[string]any{"resourceVersion": strconv.Itoa(from)}}})
	for {
		s.mu.Lock()
		changed := s.changed
		var news []event
		for _, e := range s.history {
			if e.version > from && (namespace == "" || e.object["metadata"].(map[string]any)["namespace"] == namespace) {
				news = append(news, e)
			}
		}
		s.mu.Unlock()
		select {
		case <-dropped:
			return
		default:
		}
		for _, e := range news {
			send(w, map[string]any{"type": e.kind, "object": e.object})
			from = e.version
		}
		select {
		case <-changed:
		case <-dropped:
			return
		case <-r.Context().Done():
			return
		}
	}
}
