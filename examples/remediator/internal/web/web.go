// Package web is the HTTP face of the remediator: it takes alerts and answers questions
// about actions, metrics and health. What happens to an alert is not its business.
package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/alert"
	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/history"
	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/metric"
	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/remedy"
)

// mostBytes limits a message; Alertmanager's are far smaller even in a storm.
const mostBytes = 4 << 20

// Receiver takes one alert.
type Receiver interface {
	Receive(ctx context.Context, a alert.Alert) (history.Entry, error)
}

// Config is what the handler works with.
type Config struct {
	Receiver Receiver
	History  *history.History
	Metrics  *metric.Metrics
	// Ready returns why alerts could not be handled now, or nil.
	Ready func(ctx context.Context) error
	Log   *slog.Logger
}

// handler serves all paths.
type handler struct {
	Config
}

// NewHandler returns the handler of all paths.
func NewHandler(config Config) http.Handler {
	h := &handler{config}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/v1/alerts", h.receive)
	mux.HandleFunc("GET /api/v1/actions", h.list)
	mux.HandleFunc("GET /api/v1/actions/{id}", h.get)
	mux.HandleFunc("GET /metrics", h.metrics)
	mux.HandleFunc("GET /healthz", h.healthy)
	mux.HandleFunc("GET /readyz", h.ready)
	return mux
}

// receive takes a message of Alertmanager. Alerts that could not be taken make the answer
// a 5xx, upon which Alertmanager sends the whole message again; those that were taken are
// recognised as duplicates then.
func (h *handler) receive(w http.ResponseWriter, r *http.Request) {
	message, err := alert.Decode(http.MaxBytesReader(w, r.Body, mostBytes))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		h.refuse(w, http.StatusRequestEntityTooLarge, fmt.Errorf("the message is larger than %d bytes", tooLarge.Limit))
		return
	case err != nil:
		h.refuse(w, http.StatusBadRequest, err)
		return
	}
	entries := []history.Entry{}
	for _, a := range message.Alerts {
		entry, err := h.Receiver.Receive(r.Context(), a)
		switch {
		case errors.Is(err, remedy.ErrStopping):
			h.refuse(w, http.StatusServiceUnavailable, err)
			return
		case err != nil:
			h.refuse(w, http.StatusInternalServerError, err)
			return
		}
		entries = append(entries, entry)
	}
	h.answer(w, http.StatusAccepted, entries)
}

// list answers with the history, oldest first.
func (h *handler) list(w http.ResponseWriter, r *http.Request) {
	filter, err := parseFilter(r.URL.Query())
	if err != nil {
		h.refuse(w, http.StatusBadRequest, err)
		return
	}
	h.answer(w, http.StatusOK, h.History.List(filter))
}

// parseFilter refuses what it does not know: a mistyped filter would select everything.
func parseFilter(query url.Values) (history.Filter, error) {
	known := []string{"alert", "namespace", "status"}
	for _, name := range slices.Sorted(maps.Keys(query)) {
		if !slices.Contains(known, name) {
			return history.Filter{}, fmt.Errorf("unknown filter %q; known are %s", name, strings.Join(known, ", "))
		}
	}
	status := history.Status(query.Get("status"))
	if status != "" && !slices.Contains(history.Statuses(), status) {
		return history.Filter{}, fmt.Errorf("unknown status %q; known are %s", status, statusNames())
	}
	return history.Filter{Alertname: query.Get("alert"), Namespace: query.Get("namespace"), Status: status}, nil
}

// statusNames lists the statuses for a message.
func statusNames() string {
	var names []string
	for _, status := range history.Statuses() {
		names = append(names, string(status))
	}
	return strings.Join(names, ", ")
}

// get answers with one entry.
func (h *handler) get(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	entry, found := h.History.Get(id)
	if !found {
		h.refuse(w, http.StatusNotFound, fmt.Errorf("there is no action %q", id))
		return
	}
	h.answer(w, http.StatusOK, entry)
}

// metrics answers in the Prometheus text format.
func (h *handler) metrics(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	if err := h.Metrics.Write(w); err != nil {
		h.Log.Debug("the metrics were not read to the end", "error", err)
	}
}

// healthy says that the process serves.
func (h *handler) healthy(w http.ResponseWriter, _ *http.Request) {
	h.answer(w, http.StatusOK, map[string]string{"status": "ok"})
}

// ready says whether alerts would be handled.
func (h *handler) ready(w http.ResponseWriter, r *http.Request) {
	if err := h.Ready(r.Context()); err != nil {
		h.refuse(w, http.StatusServiceUnavailable, err)
		return
	}
	h.answer(w, http.StatusOK, map[string]string{"status": "ready"})
}

// refuse answers with an error.
func (h *handler) refuse(w http.ResponseWriter, status int, err error) {
	h.Log.Warn("request refused", "status", status, "error", err)
	h.answer(w, status, map[string]string{"error": err.Error()})
}

// answer writes JSON.
func (h *handler) answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(body); err != nil {
		h.Log.Debug("the answer was not read to the end", "error", err)
	}
}
