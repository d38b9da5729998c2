package inbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strconv"
	"syscall"
	"time"
)

const (
	// Loopback is where servers listen unless their author says otherwise.
	Loopback      = "127.0.0.1"
	slowestHeader = 10 * time.Second
	shutdownLimit = time.Second
)

// Place is where a server listens.
type Place struct {
	Address string // host and port by which this machine reaches it
	Port    int
}

// Listen opens a port, a free one when port is 0.
func Listen(ctx context.Context, host string, port int) (net.Listener, Place, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", net.JoinHostPort(host, strconv.Itoa(port)))
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, Place{}, fmt.Errorf("port %d is taken by another program; give 0 for a free one", port)
	}
	if err != nil {
		return nil, Place{}, err
	}
	address, _ := listener.Addr().(*net.TCPAddr)
	return listener, Place{Address: net.JoinHostPort(shownHost(host), strconv.Itoa(address.Port)), Port: address.Port}, nil
}

// shownHost is the host by which this machine reaches a server.
func shownHost(host string) string {
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		return Loopback
	}
	return host
}

// Serve answers requests until ctx ends. Requests that are being answered then get a moment to end; the contexts of all of
// them end with ctx.
func Serve(ctx context.Context, listener net.Listener, handler http.Handler) error {
	server := &http.Server{Handler: handler, ErrorLog: log.New(io.Discard, "", 0), // a client that does not trust us is no news
		ReadHeaderTimeout: slowestHeader, BaseContext: func(net.Listener) context.Context { return ctx }}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownLimit)
	defer cancel()
	if server.Shutdown(bounded) != nil {
		_ = server.Close() // a client that never ends its request
	}
	<-ended
	return nil
}
