package receive

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"

	"github.com/scenario-runner/scenario-runner/steps/inbox"
)

// longestBody is how much of a request is kept.
const longestBody = 1 << 20

// sink keeps what arrives. It is an http.Handler.
type sink struct {
	box      *inbox.Box
	config   Listen
	response []byte
}

func newSink(name string, config Listen, mask func(string)) (*sink, error) {
	s := &sink{config: config, box: inbox.NewBox(name, config.Keep, mask)}
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
	kept := inbox.NewRequest(r, body)
	kept.Status = s.config.Response.Status
	s.box.Keep(kept)
	s.answer(w)
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

// refuse answers a request that is not for this sink, and remembers it.
func (s *sink) refuse(w http.ResponseWriter, r *http.Request, status int) {
	s.box.Refuse(fmt.Sprintf("%s %s was answered with %d %s", r.Method, r.URL.Path, status, http.StatusText(status)))
	http.Error(w, http.StatusText(status), status)
}
