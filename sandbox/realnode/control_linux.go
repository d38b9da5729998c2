package realnode

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"slices"
	"time"

	"github.com/scenario-runner/scenario-runner/sandbox/footprint"
	"github.com/scenario-runner/scenario-runner/sandbox/tunnel"
)

const (
	headerTimeout = 10 * time.Second
	dialTimeout   = 10 * time.Second
)

// listenControl opens the control socket; the returned function answers on it until the context ends.
func (n *node) listenControl(ctx context.Context) (func() error, error) {
	// A node that is started again finds the socket of the one before.
	if err := os.Remove(n.config.ControlSocket()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("remove the old control socket of the node: %w", err)
	}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "unix", n.config.ControlSocket())
	if err != nil {
		return nil, fmt.Errorf("listen on the control socket of the node: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /join", func(response http.ResponseWriter, request *http.Request) {
		answer(response, n.join(request.Context()))
	})
	mux.HandleFunc("POST /start/{part}", func(response http.ResponseWriter, request *http.Request) {
		answer(response, n.order(request, n.start))
	})
	mux.HandleFunc("POST /stop/{part}", func(response http.ResponseWriter, request *http.Request) {
		answer(response, n.order(request, n.stop))
	})
	mux.HandleFunc("GET /status", func(response http.ResponseWriter, _ *http.Request) {
		response.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(response).Encode(n.status()) // a client that has gone away needs no answer
	})
	connect := tunnel.Connect(ctx, dialInside)
	server := &http.Server{
		ReadHeaderTimeout: headerTimeout,
		BaseContext:       func(net.Listener) context.Context { return ctx },
		Handler: http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
			if request.Method == http.MethodConnect {
				connect.ServeHTTP(response, request)
				return
			}
			mux.ServeHTTP(response, request)
		}),
	}
	return func() error {
		stop := context.AfterFunc(ctx, func() { _ = server.Close() })
		defer stop()
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("answer on the control socket of the node: %w", err)
		}
		return nil
	}, nil
}

func dialInside(ctx context.Context, address string) (net.Conn, error) {
	dialer := net.Dialer{Timeout: dialTimeout}
	return dialer.DialContext(ctx, "tcp", address)
}

func (n *node) order(request *http.Request, do func(Part) error) error {
	part := Part(request.PathValue("part"))
	if !slices.Contains(Parts(), part) {
		return fmt.Errorf("unknown part %q of the node", part)
	}
	return do(part)
}

func answer(response http.ResponseWriter, err error) {
	if err != nil {
		http.Error(response, err.Error(), http.StatusInternalServerError)
	}
}

func (n *node) status() []PartStatus {
	n.mu.Lock()
	defer n.mu.Unlock()
	var all []PartStatus
	for _, part := range Parts() {
		status := PartStatus{Part: part}
		if known := n.parts[part]; known != nil && known.running() {
			status.Running = true
			status.MemoryBytes = footprint.Resident(known.pid)
			status.UptimeSeconds = int64(time.Since(known.started).Seconds())
		}
		all = append(all, status)
	}
	return all
}
