package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// server answers until it is told to break.
type server struct {
	broken atomic.Bool

	mu   sync.Mutex
	kept [][]byte
}

func (s *server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		name, err := os.Hostname()
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		_, _ = fmt.Fprintln(w, name)
	})
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		if s.broken.Load() {
			http.Error(w, "broken", http.StatusInternalServerError)
			return
		}
		_, _ = fmt.Fprintln(w, "ok")
	})
	mux.HandleFunc("POST /break", func(http.ResponseWriter, *http.Request) { s.broken.Store(true) })
	mux.HandleFunc("POST /eat", func(w http.ResponseWriter, r *http.Request) {
		megabytes, err := strconv.Atoi(r.URL.Query().Get("megabytes"))
		if err != nil {
			http.Error(w, "expected ?megabytes=NUMBER", http.StatusBadRequest)
			return
		}
		s.eat(megabytes)
	})
	mux.HandleFunc("GET /get", func(w http.ResponseWriter, r *http.Request) {
		status, err := ask(r.Context(), http.MethodGet, r.URL.Query().Get("url"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		_, _ = fmt.Fprintln(w, status)
	})
	return mux
}

// eat takes memory and writes to every page of it.
func (s *server) eat(megabytes int) {
	const megabyte, page = 1 << 20, 1 << 12
	for range megabytes {
		one := make([]byte, megabyte)
		for i := 0; i < len(one); i += page {
			one[i] = 1
		}
		s.mu.Lock()
		s.kept = append(s.kept, one)
		s.mu.Unlock()
	}
}

// answerTime is how long another server may take.
const answerTime = 2 * time.Second

// ask asks another server and returns its status; one that is no success is an error.
func ask(ctx context.Context, method, url string) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, url, nil)
	if err != nil {
		return 0, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	if response.StatusCode != http.StatusOK {
		return response.StatusCode, errors.Join(fmt.Errorf("%s answers %s", url, response.Status), response.Body.Close())
	}
	return response.StatusCode, response.Body.Close()
}
