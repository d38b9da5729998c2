package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
)

// line relays connections to an API server, byte by byte, as long as it is not cut.
type line struct {
	name, to string
	listener net.Listener
	serving  sync.WaitGroup

	mu    sync.Mutex
	cut   bool
	conns map[net.Conn]bool
}

type lines []*line

// openLines listens for every line on a port of its own.
func openLines(ctx context.Context, to named) (lines, error) {
	var opened lines
	for _, c := range to {
		config, err := c.config()
		if err != nil {
			opened.close()
			return nil, err
		}
		server, err := url.Parse(config.Host)
		if err != nil {
			opened.close()
			return nil, fmt.Errorf("cluster %q: its server: %w", c.name, err)
		}
		l, err := openLine(ctx, c.name, server.Host)
		if err != nil {
			opened.close()
			return nil, err
		}
		opened = append(opened, l)
	}
	return opened, nil
}

func openLine(ctx context.Context, name, to string) (*line, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("open the line %s: %w", name, err)
	}
	l := &line{name: name, to: to, listener: listener, conns: map[net.Conn]bool{}}
	l.serving.Go(l.accept)
	return l, nil
}

func (l *line) accept() {
	for {
		from, err := l.listener.Accept()
		if err != nil {
			return // the listener was closed
		}
		l.serving.Go(func() { l.relay(from) })
	}
}

// relay leads one connection on until either side ends it or the line is cut.
func (l *line) relay(from net.Conn) {
	defer from.Close() //nolint:errcheck // it is over
	if !l.hold(from) {
		return
	}
	defer l.release(from)
	to, err := net.Dial("tcp", l.to)
	if err != nil {
		return // the other side sees that its connection ends
	}
	defer to.Close() //nolint:errcheck // it is over
	if !l.hold(to) {
		return
	}
	defer l.release(to)
	var back sync.WaitGroup
	back.Go(func() {
		_, _ = io.Copy(from, to)
		_ = from.Close()
	})
	_, _ = io.Copy(to, from)
	_ = to.Close()
	back.Wait()
}

// hold keeps a connection in mind, so that it can be cut. It reports false when the line is cut already.
func (l *line) hold(c net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.cut {
		l.conns[c] = true
	}
	return !l.cut
}

func (l *line) release(c net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.conns, c)
}

// set cuts the line, with every connection on it, or mends it.
func (l *line) set(up bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut = !up
	for c := range l.conns {
		if l.cut {
			_ = c.Close()
		}
	}
}

// String says where the lines begin.
func (l lines) String() string {
	var b strings.Builder
	for _, one := range l {
		fmt.Fprintf(&b, ", line %s on %s", one.name, one.listener.Addr())
	}
	return b.String()
}

// close ends every line and waits for what still goes on.
func (l lines) close() {
	for _, one := range l {
		_ = one.listener.Close()
		one.set(false)
		one.serving.Wait()
	}
}

// routes lets a client cut and mend lines: PUT /lines/NAME {"up": false}.
func (l lines) routes(mux *http.ServeMux) {
	mux.HandleFunc("PUT /lines/{name}", func(w http.ResponseWriter, r *http.Request) {
		var wanted struct {
			Up *bool `json:"up"`
		}
		if err := json.NewDecoder(r.Body).Decode(&wanted); err != nil || wanted.Up == nil {
			say(w, http.StatusBadRequest, map[string]any{"error": `expected {"up": true} or {"up": false}`})
			return
		}
		for _, one := range l {
			if one.name == r.PathValue("name") {
				one.set(*wanted.Up)
				say(w, http.StatusOK, map[string]any{"line": one.name, "up": *wanted.Up})
				return
			}
		}
		say(w, http.StatusNotFound, map[string]any{"error": "no line " + r.PathValue("name")})
	})
}
