package tunnel

import (
	"context"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func listen(t *testing.T, network, address string) net.Listener {
	t.Helper()
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	return listener
}

// shout answers with what it has read to the end, in capitals.
func shout(t *testing.T, running *sync.WaitGroup) string {
	t.Helper()
	listener := listen(t, "tcp", "127.0.0.1:0")
	running.Go(func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			text, _ := io.ReadAll(connection)
			_, _ = io.WriteString(connection, strings.ToUpper(string(text)))
			_ = connection.Close()
		}
	})
	t.Cleanup(func() { _ = listener.Close(); running.Wait() })
	return listener.Addr().String()
}

func talk(t *testing.T, connection net.Conn, text string) string {
	t.Helper()
	defer connection.Close()
	if _, err := io.WriteString(connection, text); err != nil {
		t.Fatal(err)
	}
	if half, ok := connection.(interface{ CloseWrite() error }); !ok {
		t.Fatalf("a %T can't end its half", connection)
	} else if err := half.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(connection)
	if err != nil {
		t.Fatal(err)
	}
	return string(answer)
}

func TestForwardPassesTheEndOfAQuestionOn(t *testing.T) {
	var running sync.WaitGroup
	target := shout(t, &running)
	socket := filepath.Join(t.TempDir(), "forward")
	listener := listen(t, "unix", socket)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- Forward(ctx, listener, func(ctx context.Context) (net.Conn, error) {
			var dialer net.Dialer
			return dialer.DialContext(ctx, "tcp", target)
		})
	}()
	var dialer net.Dialer
	connection, err := dialer.DialContext(t.Context(), "unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	if answer := talk(t, connection, "question"); answer != "QUESTION" {
		t.Errorf("found %q, expected the answer of the target", answer)
	}
	open, err := dialer.DialContext(t.Context(), "unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer open.Close()
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("found %v, expected a quiet end with the context", err)
	}
	if _, err := open.Read(make([]byte, 1)); err == nil {
		t.Error("a connection is still open after the end")
	}
}

func connectServer(t *testing.T, dial DialAddress) string {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "connect")
	server := &http.Server{Handler: Connect(t.Context(), dial)} //nolint:gosec // a test
	listener := listen(t, "unix", socket)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close(); <-served })
	return socket
}

func TestDialThroughReachesAnAddress(t *testing.T) {
	var running sync.WaitGroup
	target := shout(t, &running)
	socket := connectServer(t, func(ctx context.Context, address string) (net.Conn, error) {
		var dialer net.Dialer
		return dialer.DialContext(ctx, "tcp", address)
	})
	connection, err := DialThrough(t.Context(), socket, target)
	if err != nil {
		t.Fatal(err)
	}
	if answer := talk(t, connection, "hello"); answer != "HELLO" {
		t.Errorf("found %q", answer)
	}
}

func TestDialThroughTellsWhyAnAddressIsNotReached(t *testing.T) {
	socket := connectServer(t, func(context.Context, string) (net.Conn, error) {
		return nil, &net.AddrError{Err: "nobody there", Addr: "10.0.0.1:1"}
	})
	_, err := DialThrough(t.Context(), socket, "10.0.0.1:1")
	if want := "reach 10.0.0.1:1: address 10.0.0.1:1: nobody there"; err == nil || err.Error() != want {
		t.Errorf("found %v, expected %s", err, want)
	}
}
