package mock

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"strconv"
	"time"
)

// answer is what is sent, ready.
type answer struct {
	status  int
	headers map[string]string
	body    []byte
	manner  Manner
	held    time.Duration // beside the delay of the manner
	pieces  [][]byte      // of a streamed body; nil when it is sent as a whole
}

// told is the status that a client gets, 0 when it gets none.
func (a *answer) told() int {
	switch a.manner.Fault {
	case "reset", "close", "hang", "garbage":
		return 0
	}
	return a.status
}

const (
	sendPieces = 20 // in how many parts a slow body is sent
	breakEarly = 2  // which part of a broken body is sent: one of so many
)

// send gives the answer, in its manner.
func (a *answer) send(ctx context.Context, w http.ResponseWriter) {
	if !pause(ctx, a.manner.Delay+a.held) {
		panic(http.ErrAbortHandler) // the server is closed, or nobody waits any more
	}
	switch a.manner.Fault {
	case "hang":
		<-ctx.Done()
		panic(http.ErrAbortHandler)
	case "close":
		panic(http.ErrAbortHandler) // the way of net/http to close a connection
	case "reset":
		abandon(w, nil)
		return
	case "garbage":
		abandon(w, []byte("\x16\x03 this is not HTTP\r\n\r\n"))
		return
	case "truncate":
		a.truncate(w)
		return
	case "malformed":
		a.body, a.pieces = a.body[:len(a.body)/breakEarly], nil
	}
	a.head(w)
	if a.pieces == nil && a.manner.Over == 0 {
		_, _ = w.Write(a.body) // a client that does not read its answer got it all the same
		return
	}
	a.trickle(ctx, w)
}

func (a *answer) head(w http.ResponseWriter) {
	for name, value := range a.headers {
		w.Header().Set(name, value)
	}
	w.WriteHeader(a.status)
}

// truncate announces the whole body and closes the connection in its middle.
func (a *answer) truncate(w http.ResponseWriter) {
	w.Header().Set("Content-Length", strconv.Itoa(max(len(a.body), 1)))
	a.head(w)
	_, _ = w.Write(a.body[:len(a.body)/breakEarly]) // it is broken off anyway
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

// trickle sends the body in pieces.
func (a *answer) trickle(ctx context.Context, w http.ResponseWriter) {
	pieces := a.pieces
	if pieces == nil {
		pieces = split(a.body, sendPieces)
	}
	flusher := http.NewResponseController(w)
	for _, piece := range pieces {
		if _, err := w.Write(piece); err != nil {
			return
		}
		_ = flusher.Flush()
		if !pause(ctx, a.manner.Over/time.Duration(len(pieces))) {
			panic(http.ErrAbortHandler)
		}
	}
}

// split cuts a body into at most n pieces.
func split(body []byte, n int) [][]byte {
	size := max(1, (len(body)+n-1)/n)
	var out [][]byte
	for len(body) > 0 {
		cut := min(size, len(body))
		out, body = append(out, body[:cut]), body[cut:]
	}
	return out
}

// abandon sends something beside HTTP and closes a connection. When nothing is sent, the client sees it as reset: unsent
// data is thrown away.
func abandon(w http.ResponseWriter, last []byte) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // HTTP/2, which a backend without TLS does not speak
	}
	if secure, ok := conn.(*tls.Conn); ok {
		conn = secure.NetConn() // what is broken is the connection, not what is said in it
	}
	if tcp, ok := conn.(*net.TCPConn); ok && last == nil {
		_ = tcp.SetLinger(0)
	}
	_, _ = conn.Write(last)
	_ = conn.Close()
}

// pause waits and reports whether ctx is still good.
func pause(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
