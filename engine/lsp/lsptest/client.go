// Package lsptest is a client for tests of a language server: it speaks the protocol as an editor does, over two streams.
package lsptest

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/textproto"
	"strconv"
	"sync"
	"time"
)

// Diagnostic is what a server says is wrong. Characters count UTF-16 units.
type Diagnostic struct {
	Range   Range  `json:"range"`
	Message string `json:"message"`
	Code    string `json:"code"`
	Page    struct {
		Href string `json:"href"` // describes what the code stands for
	} `json:"codeDescription"`
}

// Position is a place in a document.
type Position struct {
	Line      int `json:"line"`
	Character int `json:"character"`
}

// Range is a stretch of a document.
type Range struct {
	Start Position `json:"start"`
	End   Position `json:"end"`
}

// Published is one publishDiagnostics notification.
type Published struct {
	URI         string       `json:"uri"`
	Version     int          `json:"version"`
	Diagnostics []Diagnostic `json:"diagnostics"`
}

// Error is the answer of a request that failed.
type Error struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

// Error returns the code and the message.
func (e *Error) Error() string { return fmt.Sprintf("%d: %s", e.Code, e.Message) }

type message struct {
	ID     *int            `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
	Result json.RawMessage `json:"result"`
	Error  *Error          `json:"error"`
}

// Client talks to one server.
type Client struct {
	// Published receives the diagnostics that the server sends.
	Published chan Published
	// Asked receives the methods of the requests that the server sends. They are answered with nothing.
	Asked   chan string
	out     io.Writer
	writing sync.Mutex
	mutex   sync.Mutex
	last    int
	waiting map[int]chan message
	ended   chan struct{}
	err     error
}

// NewClient returns a client that reads from in, until it ends, and writes to out.
func NewClient(in io.Reader, out io.Writer) *Client {
	c := &Client{Published: make(chan Published, 1000), Asked: make(chan string, 100), out: out, waiting: map[int]chan message{}, ended: make(chan struct{})}
	go c.read(bufio.NewReader(in))
	return c
}

// Wait waits until the server's stream has ended.
func (c *Client) Wait() { <-c.ended }

func (c *Client) read(in *bufio.Reader) {
	defer close(c.ended)
	for {
		m, err := next(in)
		if err != nil {
			c.err = err
			return
		}
		if m.Method == "textDocument/publishDiagnostics" {
			var p Published
			if err := json.Unmarshal(m.Params, &p); err != nil {
				c.err = err
				return
			}
			c.Published <- p
			continue
		}
		if m.ID == nil {
			continue
		}
		if m.Method != "" {
			c.Asked <- m.Method
			if err := c.send(map[string]any{"id": *m.ID, "result": nil}); err != nil {
				c.err = err
				return
			}
			continue
		}
		c.mutex.Lock()
		waiting := c.waiting[*m.ID]
		delete(c.waiting, *m.ID)
		c.mutex.Unlock()
		if waiting != nil {
			waiting <- m
		}
	}
}

func next(in *bufio.Reader) (message, error) {
	header, err := textproto.NewReader(in).ReadMIMEHeader()
	if err != nil {
		return message{}, err
	}
	length, err := strconv.Atoi(header.Get("Content-Length"))
	if err != nil {
		return message{}, fmt.Errorf("reading a header: %w", err)
	}
	body := make([]byte, length)
	if _, err := io.ReadFull(in, body); err != nil {
		return message{}, err
	}
	var m message
	err = json.Unmarshal(body, &m)
	return m, err
}

func (c *Client) send(v map[string]any) error {
	v["jsonrpc"] = "2.0"
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	c.writing.Lock()
	defer c.writing.Unlock()
	_, err = fmt.Fprintf(c.out, "Content-Length: %d\r\n\r\n%s", len(body), body)
	return err
}

// Notify sends a message that wants no answer.
func (c *Client) Notify(method string, params any) error {
	return c.send(map[string]any{"method": method, "params": params})
}

// Patience is how long a client waits for an answer.
const Patience = 30 * time.Second

// Request sends a request and decodes the answer into result, unless that is nil.
func (c *Client) Request(method string, params, result any) error {
	answer := make(chan message, 1)
	c.mutex.Lock()
	c.last++
	id := c.last
	c.waiting[id] = answer
	c.mutex.Unlock()
	if err := c.send(map[string]any{"id": id, "method": method, "params": params}); err != nil {
		return err
	}
	timer := time.NewTimer(Patience)
	defer timer.Stop()
	select {
	case m := <-answer:
		if m.Error != nil {
			return m.Error
		}
		if result == nil {
			return nil
		}
		return json.Unmarshal(m.Result, result)
	case <-c.ended:
		return fmt.Errorf("%s: the server has gone: %w", method, c.err)
	case <-timer.C:
		return fmt.Errorf("%s: no answer within %s", method, Patience)
	}
}

// Diagnostics returns the diagnostics of a version of a document, passing over those of others.
func (c *Client) Diagnostics(uri string, version int) ([]Diagnostic, error) {
	timer := time.NewTimer(Patience)
	defer timer.Stop()
	for {
		select {
		case p := <-c.Published:
			if p.URI == uri && p.Version == version {
				return p.Diagnostics, nil
			}
		case <-c.ended:
			return nil, fmt.Errorf("the server has gone: %w", c.err)
		case <-timer.C:
			return nil, fmt.Errorf("no diagnostics of version %d within %s", version, Patience)
		}
	}
}

// Open opens a document.
func (c *Client) Open(uri string, version int, text string) error {
	return c.Notify("textDocument/didOpen", map[string]any{
		"textDocument": map[string]any{"uri": uri, "languageId": "yaml", "version": version, "text": text},
	})
}

// Change replaces the whole text of a document.
func (c *Client) Change(uri string, version int, text string) error {
	return c.Notify("textDocument/didChange", map[string]any{
		"textDocument":   map[string]any{"uri": uri, "version": version},
		"contentChanges": []any{map[string]any{"text": text}},
	})
}

// At returns the parameters of a request about a place.
func At(uri string, p Position) map[string]any {
	return map[string]any{"textDocument": map[string]any{"uri": uri}, "position": p}
}

// Split takes the mark out of a text and returns where it stood.
func Split(marked, mark string) (text string, at Position) {
	for i, r := range marked {
		if len(marked)-i >= len(mark) && marked[i:i+len(mark)] == mark {
			return marked[:i] + marked[i+len(mark):], at
		}
		if marked[i] == '\n' {
			at = Position{Line: at.Line + 1}
			continue
		}
		at.Character++
		if r > 0xffff {
			at.Character++
		}
	}
	return marked, at
}
