package tunnel

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
)

// DialAddress makes a connection to an address.
type DialAddress func(ctx context.Context, address string) (net.Conn, error)

// Connect answers the CONNECT requests of HTTP: it dials the address that is asked for and joins the connections until the
// context ends.
func Connect(ctx context.Context, dial DialAddress) http.Handler {
	return http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		made, err := dial(request.Context(), request.Host)
		if err != nil {
			http.Error(response, err.Error(), http.StatusBadGateway)
			return
		}
		asked, buffered, err := http.NewResponseController(response).Hijack()
		if err != nil {
			http.Error(response, errors.Join(err, made.Close()).Error(), http.StatusInternalServerError)
			return
		}
		if err := greet(asked, made, buffered.Reader); err != nil {
			_ = errors.Join(asked.Close(), made.Close())
			return
		}
		Join(ctx, asked, made)
	})
}

// greet confirms the connection, and passes on what the caller has sent without waiting for that.
func greet(asked, made net.Conn, early *bufio.Reader) error {
	if _, err := io.WriteString(asked, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
		return err
	}
	_, err := io.CopyN(made, early, int64(early.Buffered()))
	return err
}

// DialThrough asks the server on a unix socket to connect to an address.
func DialThrough(ctx context.Context, socket, address string) (net.Conn, error) {
	var dialer net.Dialer
	through, err := dialer.DialContext(ctx, "unix", socket)
	if err != nil {
		return nil, fmt.Errorf("reach %s: %w", address, err)
	}
	stop := context.AfterFunc(ctx, func() { _ = through.Close() })
	reader := bufio.NewReader(through)
	err = ask(through, reader, address)
	if !stop() && err == nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("reach %s: %w", address, err), through.Close())
	}
	return &buffered{Conn: through, reader: reader}, nil
}

func ask(through net.Conn, reader *bufio.Reader, address string) error {
	request := fmt.Sprintf("CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n", address, address)
	if _, err := io.WriteString(through, request); err != nil {
		return err
	}
	// The answer to a CONNECT has no body, and closing a refusal's would wait for nothing.
	answer, err := http.ReadResponse(reader, &http.Request{Method: http.MethodConnect})
	if err != nil {
		return err
	}
	if answer.StatusCode == http.StatusOK {
		return nil
	}
	defer answer.Body.Close()
	reason, err := io.ReadAll(io.LimitReader(answer.Body, 1<<10))
	if err != nil {
		return err
	}
	return errors.New(strings.TrimSpace(string(reason)))
}

// buffered is a connection of which something may have been read already.
type buffered struct {
	net.Conn
	reader *bufio.Reader
}

// Read reads what is in the buffer first.
func (b *buffered) Read(p []byte) (int, error) { return b.reader.Read(p) }

// CloseWrite ends the own half of the connection.
func (b *buffered) CloseWrite() error {
	if half, ok := b.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}
