package endpoint

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/url"
	"strings"

	"github.com/scenario-runner/scenario-runner/steps/web"
)

// Conn is a connection to a server. It is closed by whoever opened it.
type Conn struct {
	// RulesDir is the folder from which a Prometheus takes its rules, "" when it is not known.
	RulesDir string

	kept   Kept
	client *web.Client
}

// Close closes the connections.
func (c *Conn) Close() { c.client.Close() }

// String returns the address as it may be shown.
func (c *Conn) String() string { return web.Request{URL: c.kept.URL}.Address() }

// URL returns the address.
func (c *Conn) URL() string { return c.kept.URL }

// Keep returns what the ledger holds of the server. Headers of the configuration stay out of it.
func (c *Conn) Keep() Kept {
	k := c.kept
	if k.Named {
		k.Headers = nil
	}
	return k
}

// StatusError is an answer that refuses a request.
type StatusError struct {
	Request string // method and address without the query
	Status  int
	Text    string // what the server said, on one line
}

// Error says what was refused and what the server said.
func (e *StatusError) Error() string {
	return fmt.Sprintf("%s was refused with status %d: %s", e.Request, e.Status, e.Text)
}

// Request is one request to the server.
type Request struct {
	Method  string
	Path    string // below the address
	Query   url.Values
	Headers map[string]string
	Body    []byte
}

// Do sends a request. An answer that is not from 200 to 299 is a *StatusError.
func (c *Conn) Do(ctx context.Context, r Request) (*web.Response, error) {
	address := c.kept.URL + r.Path
	if len(r.Query) > 0 {
		address += "?" + r.Query.Encode()
	}
	headers := maps.Clone(c.kept.Headers)
	if headers == nil {
		headers = map[string]string{}
	}
	maps.Copy(headers, r.Headers)
	response, err := c.client.Do(ctx, web.Request{Method: r.Method, URL: address, Headers: headers, Body: r.Body})
	if err != nil {
		return nil, err
	}
	if response.Status < 200 || response.Status > 299 {
		shown := web.Request{URL: c.kept.URL + r.Path}.Address()
		return response, &StatusError{Request: r.Method + " " + shown, Status: response.Status, Text: said(response)}
	}
	return response, nil
}

// JSON sends a request and reads the answer into out.
func (c *Conn) JSON(ctx context.Context, r Request, out any) error {
	response, err := c.Do(ctx, r)
	if err != nil {
		return err
	}
	if err := json.Unmarshal([]byte(response.Text), out); err != nil {
		return c.Garbage(r, response.Text)
	}
	return nil
}

// Garbage says that an answer is not what the server of that kind says.
func (c *Conn) Garbage(r Request, text string) error {
	return fmt.Errorf("%s %s%s did not answer as %s does; it says %q", r.Method, c, r.Path, c.kept.Server.Title(), Short(text, 80))
}

// said is what the server said of a refusal: the error of its API, or the beginning of the text.
func said(r *web.Response) string {
	if body, ok := r.Body.(map[string]any); ok {
		for _, key := range []string{"error", "message"} {
			if text, ok := body[key].(string); ok && text != "" {
				return Short(text, 300)
			}
		}
	}
	if text, ok := r.Body.(string); ok && text != "" {
		return Short(text, 300)
	}
	if r.Text == "" {
		return "(no explanation)"
	}
	return Short(r.Text, 300)
}

// Short is the beginning of a text, on one line.
func Short(text string, most int) string {
	text = strings.Join(strings.Fields(text), " ")
	if r := []rune(text); len(r) > most {
		return string(r[:most]) + "…"
	}
	return text
}

// Gone reports whether err means that a server of this machine has ended: what it kept in memory is gone with it.
func (c *Conn) Gone(err error) bool {
	u, parseError := url.Parse(c.kept.URL)
	if !web.Refused(err) || parseError != nil {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}
