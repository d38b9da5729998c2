package supervise

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"

	"github.com/scenario-runner/scenario-runner/sandbox/tunnel"
)

// pauseProgram is the program of the pause image; it lies beside this one.
const pauseProgram = "scenario-runner-pause"

func findPause(executable string) (string, error) {
	path := filepath.Join(filepath.Dir(executable), pauseProgram)
	if info, err := os.Stat(path); err == nil && !info.IsDir() {
		return path, nil
	}
	return "", fmt.Errorf("a real node needs the program %s beside %s; `make sandbox` in the source tree builds both", pauseProgram, executable)
}

// tunnelOut leads callers inside the node's network to the API server.
func tunnelOut(ctx context.Context, listener net.Listener, api string) error {
	return tunnel.Forward(ctx, listener, func(ctx context.Context) (net.Conn, error) {
		var dialer net.Dialer
		return dialer.DialContext(ctx, "tcp", api)
	})
}

// tunnelIn leads the API server to what is inside the node's network; what is on a loopback address, as the kubelets of
// simulated nodes are, is outside.
func tunnelIn(ctx context.Context, listener net.Listener, node string) error {
	dial := func(ctx context.Context, address string) (net.Conn, error) {
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			return nil, fmt.Errorf("bad address %q: %w", address, err)
		}
		if parsed := net.ParseIP(host); parsed != nil && parsed.IsLoopback() {
			var dialer net.Dialer
			return dialer.DialContext(ctx, "tcp", address)
		}
		return tunnel.DialThrough(ctx, node, address)
	}
	server := &http.Server{
		Handler: tunnel.Connect(ctx, dial), ReadHeaderTimeout: controlTimeout,
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("lead the API server to the real node: %w", err)
	}
	return nil
}
