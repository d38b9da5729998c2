package observe

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/web"
)

const (
	// usualInterval is how often an HTTP source asks when the author doesn't say.
	usualInterval = 500 * time.Millisecond
	shortestPoll  = 10 * time.Millisecond
	askTimeout    = 10 * time.Second
	maxAnswer     = 4 << 20
)

// HTTP is the source that is the answer of an HTTP address.
type HTTP struct {
	URL     string            `yaml:"url" required:"true" shorthand:"true" doc:"Address to ask." example:"http://127.0.0.1:8080/healthz"`
	Method  string            `yaml:"method" doc:"Request method; GET if not given." example:"GET"`
	Headers map[string]string `yaml:"headers" doc:"Request headers."`
	Body    string            `yaml:"body" doc:"Request body."`
	Every   time.Duration     `yaml:"every" doc:"Time between two requests; 500ms if not given." example:"1s"`
}

func (h *HTTP) text() string {
	method := cmp.Or(strings.ToUpper(h.Method), http.MethodGet)
	address, err := url.Parse(h.URL)
	if err != nil {
		return method + " " + h.URL
	}
	return method + " " + address.Redacted()
}

func (*HTTP) traits() Traits { return Traits{Name: "response", Asked: true} }

func (h *HTTP) check(path string, p *step.Problems) {
	if address, err := url.Parse(h.URL); !p.Dynamic(path+".url") || h.URL != "" {
		if err != nil || address.Host == "" || address.Scheme != "http" && address.Scheme != "https" {
			p.At(path+".url", "expected an address such as http://127.0.0.1:8080/healthz, found %q", h.URL)
		}
	}
	if h.Every != 0 && h.Every < shortestPoll {
		p.At(path+".every", "every: expected %s or more, found %s", Span(shortestPoll), Span(h.Every))
	}
}

func (h *HTTP) open(context.Context, *step.Run, *kube.Env) (Feed, error) {
	return &httpFeed{config: h, name: h.text(), every: cmp.Or(h.Every, usualInterval)}, nil
}

type httpFeed struct {
	config *HTTP
	name   string
	every  time.Duration
}

func (f *httpFeed) client() *http.Client {
	return &http.Client{Timeout: askTimeout, Transport: &http.Transport{Proxy: http.ProxyFromEnvironment}}
}

// Once reads the present value from the server.
func (f *httpFeed) Once(ctx context.Context) (Look, error) {
	client := f.client()
	defer client.CloseIdleConnections()
	return f.ask(ctx, client)
}

// Watch asks again and again; every makes no difference: all that is known is the answers.
func (f *httpFeed) Watch(ctx context.Context, _ bool, see func(Look) (bool, error)) error {
	client := f.client()
	defer client.CloseIdleConnections()
	ticker := time.NewTicker(f.every)
	defer ticker.Stop()
	for {
		l, err := f.ask(ctx, client)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			return err
		}
		if done, err := see(l); done || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-ticker.C:
		}
	}
}

// ask sends one request. That nobody answers is a look without a value.
func (f *httpFeed) ask(ctx context.Context, client *http.Client) (Look, error) {
	request, err := http.NewRequestWithContext(ctx, cmp.Or(strings.ToUpper(f.config.Method), http.MethodGet), f.config.URL, strings.NewReader(f.config.Body))
	if err != nil {
		return Look{}, err
	}
	for _, name := range slices.Sorted(maps.Keys(f.config.Headers)) {
		request.Header.Set(name, f.config.Headers[name])
		if strings.EqualFold(name, "Host") {
			request.Host = f.config.Headers[name]
		}
	}
	start := time.Now()
	response, err := client.Do(request)
	if err != nil {
		return f.silent(ctx, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	if err != nil {
		return f.silent(ctx, err)
	}
	if len(body) > maxAnswer {
		return Look{}, fmt.Errorf("%s: the answer is longer than %d MiB", f.name, maxAnswer>>20)
	}
	return f.look(response, body, time.Since(start)), nil
}

// silent is a look at a server that did not answer. Where we did not wait for it long enough nothing is known.
func (f *httpFeed) silent(ctx context.Context, err error) (Look, error) {
	if ctx.Err() != nil {
		return Look{}, context.Cause(ctx)
	}
	reason := web.Reason(err)
	if wrapped, ok := errors.AsType[*url.Error](err); ok && wrapped.Timeout() {
		reason = "nothing came within " + Span(askTimeout)
	}
	return Look{At: time.Now(), evidence: silence(reason), describe: func() string { return f.name + ": no answer: " + reason }}, nil
}

// silence is why nobody answered.
type silence string

func (f *httpFeed) look(response *http.Response, body []byte, took time.Duration) Look {
	headers := map[string]any{}
	for name, values := range response.Header {
		headers[strings.ToLower(name)] = strings.Join(values, ", ")
	}
	value := map[string]any{
		"status": response.StatusCode, "headers": headers, "body": string(body), "json": decodeJSON(body), "took": took,
	}
	return Look{Value: value, At: time.Now(), describe: func() string {
		text := f.name + ": " + response.Status
		if line, _, _ := strings.Cut(strings.TrimSpace(string(body)), "\n"); line != "" {
			text += ": " + shorten(line, 120)
		}
		return text
	}}
}

// Explain collects evidence about a look.
func (f *httpFeed) Explain(_ context.Context, l Look) []step.Section {
	if reason, ok := l.evidence.(silence); ok {
		return []step.Section{{Title: f.name + ": no answer", Lines: []string{string(reason)}}}
	}
	value, ok := l.Value.(map[string]any)
	if !ok {
		return nil
	}
	body, _ := value["body"].(string)
	lines := strings.Split(strings.TrimSpace(body), "\n")
	if len(lines) > 10 {
		lines = append(lines[:10], fmt.Sprintf("… and %d more lines", len(lines)-10))
	}
	for i := range lines {
		lines[i] = shorten(lines[i], 300)
	}
	return []step.Section{{Title: fmt.Sprintf("%s: status %v", f.name, value["status"]), Lines: lines}}
}
