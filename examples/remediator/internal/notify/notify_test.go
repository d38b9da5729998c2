package notify_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/history"
	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/notify"
)

func TestAnEntryIsPosted(t *testing.T) {
	var got history.Entry
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := json.NewDecoder(r.Body).Decode(&got); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
		}
	}))
	t.Cleanup(server.Close)
	if err := notify.New(server.URL, server.Client()).Send(t.Context(), history.Entry{ID: "1", Status: history.Failed}); err != nil {
		t.Fatal(err)
	}
	if got.ID != "1" || got.Status != history.Failed {
		t.Errorf("the webhook got %+v", got)
	}
}

func TestRefusalsNameTheHostOnly(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	address := server.URL + "/hooks/s3cret"
	err := notify.New(address, server.Client()).Send(t.Context(), history.Entry{})
	want := "post to " + strings.TrimPrefix(server.URL, "http://") + ": found status 404, expected one below 300"
	if err == nil || err.Error() != want {
		t.Errorf("error is %v, want %s", err, want)
	}
	server.Close()
	err = notify.New(address, &http.Client{}).Send(t.Context(), history.Entry{})
	if err == nil || strings.Contains(err.Error(), "s3cret") || !strings.Contains(err.Error(), "connection refused") {
		t.Errorf("error is %v, want a refused connection without the secret", err)
	}
}
