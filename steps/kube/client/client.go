// Package client speaks to one Kubernetes API server over HTTP: requests with one retry policy, and streams.
//
// It knows paths, bodies and Status errors. It knows nothing of kinds, namespaces, watches or scenarios, and it has no
// client-side rate limit: the server's priority and fairness decides, and Retry-After is obeyed.
package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/util/connrotation"
)

// Client is a connection to one API server. It is safe for concurrent use.
type Client struct {
	server   *url.URL
	http     *http.Client
	dialer   *connrotation.Dialer
	policy   Policy
	reached  atomic.Bool
	requests atomic.Int64
	retries  atomic.Int64
}

// Request is one call of the API.
type Request struct {
	Method      string
	Path        string // from the root of the server: /api/v1/namespaces/shop
	Query       url.Values
	ContentType string
	Accept      string // "" means application/json
	Body        []byte
	// Once says that making the request twice is not the same as making it once. It is then not repeated when an answer
	// was lost, only when the server said that it refused.
	Once bool
	// Patience adds errors that are worth another attempt for this request alone.
	Patience func(error) bool
	// Check looks at a good answer before it is taken; Again marks what is worth another attempt.
	Check func(*Response) error
}

// Response is what the server answered, with a status below 400.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
	// Attempts is how often the request was sent. When it is more than 1, an earlier attempt may have had its effect.
	Attempts int
}

// New returns a client for config. It does not touch the network.
func New(config *rest.Config, policy Policy) (*Client, error) {
	server, err := serverURL(config)
	if err != nil {
		return nil, err
	}
	// Certificates are read now: client-go otherwise keeps a goroutine per client that watches the files for ever.
	config = rest.CopyConfig(config)
	if err := rest.LoadTLSFiles(config); err != nil {
		return nil, fmt.Errorf("the certificates of %s: %w", server, err)
	}
	dial := config.Dial
	if dial == nil {
		dial = (&net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second}).DialContext
	}
	dialer := connrotation.NewDialer(dial)
	if config.Transport == nil {
		config.Dial = dialer.DialContext
	}
	config.DisableCompression = true // inflating costs more than a cluster's network saves
	doer, err := rest.HTTPClientFor(config)
	if err != nil {
		return nil, fmt.Errorf("the connection to %s: %w", server, err)
	}
	return &Client{server: server, http: doer, dialer: dialer, policy: policy.withDefaults()}, nil
}

func serverURL(config *rest.Config) (*url.URL, error) {
	host := config.Host
	if !strings.Contains(host, "://") {
		host = "https://" + host
	}
	server, err := url.Parse(strings.TrimSuffix(host, "/"))
	if err != nil || server.Host == "" {
		return nil, fmt.Errorf("%q is not the address of a server, expected something such as https://10.0.0.1:6443", config.Host)
	}
	return server, nil
}

// Server returns the address of the server.
func (c *Client) Server() string { return c.server.String() }

// Reached reports whether the server has ever answered.
func (c *Client) Reached() bool { return c.reached.Load() }

// Counts returns how many requests were sent, streams included, and how many of them were repetitions.
func (c *Client) Counts() (requests, retries int64) { return c.requests.Load(), c.retries.Load() }

// Close drops all connections. Requests that are still made connect again, so call it when there will be none.
func (c *Client) Close() {
	utilnet.CloseIdleConnectionsFor(c.http.Transport)
	// A connection whose last stream was cut off a moment ago does not count as idle yet.
	c.dialer.CloseAll()
}

// Policy returns the retry policy of the client, for those who hold streams and retry by themselves.
func (c *Client) Policy() Policy { return c.policy }

// Do sends a request, repeats it as the policy says and returns the whole answer. An answer of 400 or more is an error
// that apierrors functions understand.
func (c *Client) Do(ctx context.Context, request Request) (*Response, error) {
	attempt, doubt := 0, false
	response, err := Retry(ctx, c.policy, func() (*Response, error) {
		attempt++
		if attempt > 1 {
			c.retries.Add(1)
		}
		response, err := c.once(ctx, request)
		if err != nil {
			doubt = doubt || MayHaveWorked(err)
			return nil, c.judge(request, err)
		}
		response.Attempts = attempt
		if request.Check != nil {
			if err := request.Check(response); err != nil {
				return nil, err
			}
		}
		return response, nil
	})
	if err != nil && doubt {
		return nil, &doubted{err}
	}
	return response, err
}

// doubted is the last error of a request of which an earlier attempt may have had its effect.
type doubted struct{ error }

// Unwrap returns the error.
func (d *doubted) Unwrap() error { return d.error }

// judge marks err as final or as worth another attempt where that depends on the request.
func (c *Client) judge(request Request, err error) error {
	switch {
	case !c.Reached() && isDial(err):
		return final{&Unreachable{Server: c.Server(), Cause: err}}
	case request.Once && isNetwork(err) && !isDial(err):
		return final{fmt.Errorf("the answer to the request was lost, so it may or may not have been carried out: %w", err)}
	case request.Patience != nil && request.Patience(err):
		return again{err}
	}
	return err
}

func (c *Client) once(ctx context.Context, request Request) (*Response, error) {
	attempt, cancel := context.WithTimeoutCause(ctx, c.policy.AttemptTimeout, errAttemptTimeout)
	defer cancel()
	response, err := c.send(attempt, request)
	if err != nil {
		return nil, attemptError(ctx, attempt, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, attemptError(ctx, attempt, err)
	}
	if !whole(response, body) {
		return nil, errCutShort
	}
	return &Response{Status: response.StatusCode, Header: response.Header, Body: body}, nil
}

// attemptError tells the end of one attempt's time from the end of the caller's.
func attemptError(caller, attempt context.Context, err error) error {
	if caller.Err() == nil && errors.Is(context.Cause(attempt), errAttemptTimeout) {
		return fmt.Errorf("%w: %w", errAttemptTimeout, err)
	}
	return err
}

// Stream sends a request once and returns the body while it is still being written. The caller closes it.
func (c *Client) Stream(ctx context.Context, request Request) (io.ReadCloser, error) {
	response, err := c.send(ctx, request)
	if err != nil {
		if !c.Reached() && isDial(err) {
			return nil, &Unreachable{Server: c.Server(), Cause: err}
		}
		return nil, err
	}
	return response.Body, nil
}

// send makes one HTTP exchange and turns answers of 400 and more into errors.
func (c *Client) send(ctx context.Context, request Request) (*http.Response, error) {
	target := *c.server
	target.Path = strings.TrimSuffix(target.Path, "/") + request.Path
	target.RawQuery = request.Query.Encode()
	message, err := http.NewRequestWithContext(ctx, request.Method, target.String(), bytes.NewReader(request.Body))
	if err != nil {
		return nil, err
	}
	message.Header.Set("Accept", orDefault(request.Accept, "application/json"))
	if request.ContentType != "" {
		message.Header.Set("Content-Type", request.ContentType)
	}
	c.requests.Add(1)
	response, err := c.http.Do(message)
	if err != nil {
		return nil, err
	}
	c.reached.Store(true)
	if response.StatusCode >= http.StatusBadRequest {
		defer response.Body.Close()
		return nil, statusError(request, response)
	}
	return response, nil
}

func orDefault(value, fallback string) string {
	if value == "" {
		return fallback
	}
	return value
}

// Wait pauses for d or until ctx is done.
func Wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
