package receive

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/scenario-runner/scenario-runner/steps/web"
)

// longestBody is how much of a request is kept.
const longestBody = 1 << 20

// request is one request that arrived.
type request struct {
	Method  string
	Path    string
	Query   map[string]any
	Headers map[string]any // by lower-case name
	Body    any            // a value when it is JSON, else text
	Text    string
	Time    time.Time
}

// value returns r as expressions see it.
func (r *request) value() map[string]any {
	return map[string]any{
		"method": r.Method, "path": r.Path, "query": r.Query, "headers": r.Headers,
		"body": r.Body, "text": r.Text, "time": r.Time,
	}
}

// sink keeps what arrives. It is an http.Handler.
type sink struct {
	name     string
	config   Listen
	response []byte
	mask     func(secret string)

	mu      sync.Mutex
	kept    []*request
	lost    int      // requests that found no room any more
	strange []string // requests that came to another path or by another method
	changed chan struct{}
}

func newSink(name string, config Listen, mask func(string)) (*sink, error) {
	s := &sink{name: name, config: config, mask: mask, changed: make(chan struct{})}
	switch body := config.Response.Body.(type) {
	case nil:
	case string:
		s.response = []byte(body)
	default:
		data, err := json.Marshal(body)
		if err != nil {
			return nil, fmt.Errorf("response.body: %w", err)
		}
		s.response = data
	}
	return s, nil
}

// ServeHTTP keeps the request before it is answered, so that a sender that has its answer can rely on it.
func (s *sink) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, longestBody))
	switch {
	case s.config.Path != "" && r.URL.Path != s.config.Path:
		s.refuse(w, r, http.StatusNotFound)
		return
	case len(s.config.Methods) > 0 && !slices.Contains(s.config.Methods, r.Method):
		s.refuse(w, r, http.StatusMethodNotAllowed)
		return
	case err != nil:
		status := http.StatusBadRequest
		if _, long := errors.AsType[*http.MaxBytesError](err); long {
			status = http.StatusRequestEntityTooLarge
		}
		s.refuse(w, r, status)
		return
	}
	s.keep(newRequest(r, body))
	s.answer(w)
}

func newRequest(r *http.Request, body []byte) *request {
	out := &request{
		Method: r.Method, Path: r.URL.Path, Query: map[string]any{}, Headers: map[string]any{},
		Text: string(body), Time: time.Now(),
	}
	for name, values := range r.URL.Query() {
		out.Query[name] = strings.Join(values, ",")
	}
	for name, values := range r.Header {
		out.Headers[strings.ToLower(name)] = strings.Join(values, ", ")
	}
	out.Headers["host"] = r.Host
	out.Body = out.Text
	if v, ok := web.Value(body); ok {
		out.Body = v
	}
	return out
}

func (s *sink) keep(r *request) {
	headers := make(map[string]string, len(r.Headers))
	for name, value := range r.Headers {
		headers[name], _ = value.(string)
	}
	for _, secret := range web.Secrets(headers, "") {
		s.mask(secret)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.kept) < s.config.Keep {
		s.kept = append(s.kept, r)
	} else {
		s.lost++
	}
	close(s.changed)
	s.changed = make(chan struct{})
}

func (s *sink) answer(w http.ResponseWriter) {
	if _, text := s.config.Response.Body.(string); !text && s.response != nil {
		w.Header().Set("Content-Type", "application/json")
	}
	for name, value := range s.config.Response.Headers {
		w.Header().Set(name, value)
	}
	w.WriteHeader(s.config.Response.Status)
	_, _ = w.Write(s.response) // a sender that does not read its answer has sent all the same
}

// refuse answers a request that is not for this sink, and remembers it: "nothing arrived" is often a wrong path.
func (s *sink) refuse(w http.ResponseWriter, r *http.Request, status int) {
	s.mu.Lock()
	s.strange = append(s.strange, fmt.Sprintf("%s %s was answered with %d %s", r.Method, r.URL.Path, status, http.StatusText(status)))
	s.mu.Unlock()
	http.Error(w, http.StatusText(status), status)
}

// state is what a sink holds at one moment.
type state struct {
	requests []*request
	lost     int
	strange  []string
	changed  <-chan struct{} // closed when more arrives
}

func (s *sink) state() state {
	s.mu.Lock()
	defer s.mu.Unlock()
	return state{requests: slices.Clone(s.kept), lost: s.lost, strange: slices.Clone(s.strange), changed: s.changed}
}
