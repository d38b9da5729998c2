package web

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	// longestAnswer is how much of a body is read: an answer that is judged by an expression has to fit into memory.
	longestAnswer = 10 << 20
	mostRedirects = 10
	// idlePerHost connections are kept, so that many requests at a time don't open as many connections again and again.
	idlePerHost = 256
)

// Client sends requests. It keeps connections until it is closed.
type Client struct {
	http      *http.Client
	transport *http.Transport
	limit     time.Duration
}

// NewClient returns a client. limit is how long one request may take, with its redirects and the body of the answer.
func NewClient(trust *TLS, dir string, limit time.Duration, redirects bool) (*Client, error) {
	config, err := trust.config(dir)
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{
		Proxy: http.ProxyFromEnvironment, TLSClientConfig: config, ForceAttemptHTTP2: true,
		MaxIdleConnsPerHost: idlePerHost, IdleConnTimeout: time.Minute,
	}
	return &Client{transport: transport, limit: limit, http: &http.Client{
		Transport: transport,
		CheckRedirect: func(_ *http.Request, via []*http.Request) error {
			if !redirects {
				return http.ErrUseLastResponse
			}
			if len(via) > mostRedirects {
				return errRedirects
			}
			return nil
		},
	}}, nil
}

// Close closes the connections.
func (c *Client) Close() { c.transport.CloseIdleConnections() }

// DialBy makes connections by a function instead of to the host of an address. Call it before the first request.
func (c *Client) DialBy(dial func(ctx context.Context) (net.Conn, error)) {
	c.transport.Proxy = nil
	c.transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) }
}

// Request is what is sent.
type Request struct {
	Method  string
	URL     string
	Headers map[string]string
	Body    []byte
}

// Address returns the address as it may be shown: without a password.
func (r Request) Address() string {
	u, err := url.Parse(r.URL)
	if err != nil {
		return r.URL
	}
	return u.Redacted()
}

// Response is what came back.
type Response struct {
	Status  int
	Headers map[string]string // by lower-case name; several values are joined by commas
	Text    string
	Body    any // Text as a value when it is JSON, else Text
	Took    time.Duration
}

// Values returns r as expressions see it.
func (r *Response) Values() map[string]any {
	headers := make(map[string]any, len(r.Headers))
	for name, value := range r.Headers {
		headers[name] = value
	}
	return map[string]any{"status": r.Status, "headers": headers, "text": r.Text, "body": r.Body, "took": r.Took}
}

// Do sends one request and reads the answer. An error says in plain words what is wrong with the connection.
func (c *Client) Do(ctx context.Context, r Request) (*Response, error) {
	start := time.Now()
	bounded, cancel := context.WithTimeoutCause(ctx, c.limit, &slow{c.limit})
	defer cancel()
	request, err := http.NewRequestWithContext(bounded, r.Method, r.URL, bytes.NewReader(r.Body))
	if err != nil {
		return nil, r.fail(bounded, err)
	}
	for name, value := range r.Headers {
		if strings.EqualFold(name, "Host") {
			request.Host = value
			continue
		}
		request.Header.Set(name, value)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return nil, r.fail(bounded, err)
	}
	defer response.Body.Close() //nolint:errcheck // it was read
	body, err := io.ReadAll(io.LimitReader(response.Body, longestAnswer+1))
	if err != nil {
		return nil, r.fail(bounded, err)
	}
	if len(body) > longestAnswer {
		return nil, r.fail(bounded, fmt.Errorf("the answer is longer than %d MiB", longestAnswer>>20))
	}
	out := &Response{Status: response.StatusCode, Headers: map[string]string{}, Text: string(body), Took: time.Since(start)}
	for name, values := range response.Header {
		out.Headers[strings.ToLower(name)] = strings.Join(values, ", ")
	}
	out.Body = out.Text
	if v, ok := Value(body); ok {
		out.Body = v
	}
	return out, nil
}

// fail tells the request apart in the error of a connection. That a context ended is passed on as it is.
func (r Request) fail(ctx context.Context, err error) error {
	if parent := context.Cause(ctx); parent != nil {
		if _, own := parent.(*slow); !own { //nolint:errorlint // made by Do itself
			return parent
		}
		err = parent
	}
	return &ConnectionError{Request: r.Method + " " + r.Address(), Reason: Reason(err), cause: err}
}
