package loadtest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/web"
)

const reportEvery = time.Second

// test is one use of the step.
type test struct {
	run    *step.Run
	config *Config
	client *web.Client
	tally  *tally
	start  time.Time
}

func perform(ctx context.Context, run *step.Run, c *Config) (Outputs, error) {
	for _, secret := range web.Secrets(c.Headers, "") {
		run.Host.Mask(secret)
	}
	client, err := web.NewClient(c.TLS, run.Folder(), c.RequestTimeout, false)
	if err != nil {
		return Outputs{}, err
	}
	defer client.Close()
	t := &test{run: run, config: c, client: client, tally: newTally(count(c.stages())), start: time.Now()}
	if _, err := t.request(0); err != nil {
		return Outputs{}, err // before anything is sent
	}
	t.load(ctx)
	out := t.tally.outputs(time.Since(t.start))
	t.attach(&out)
	if ctx.Err() != nil {
		return out, context.Cause(ctx)
	}
	return out, t.judge(&out)
}

// load sends all requests and reports how it goes.
func (t *test) load(ctx context.Context) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		pace(ctx, t.config.stages(), t.config.MaxInFlight, t.tally, t.send)
	}()
	ticker := time.NewTicker(reportEvery)
	defer ticker.Stop()
	for {
		select {
		case <-done:
			return
		case <-ticker.C:
			out := t.tally.outputs(time.Since(t.start))
			t.run.Progress("%d of %d requests, %d failed, p95 %s", out.Requests, count(t.config.stages()), out.Failed, out.P95.Round(time.Millisecond))
		}
	}
}

// request makes the request of a number.
func (t *test) request(index int) (web.Request, error) {
	scope := t.run.Scope.With("index", index)
	r := web.Request{Headers: map[string]string{}}
	var err error
	if r.URL, err = t.config.URL.Eval(scope); err != nil {
		return r, fmt.Errorf("url: %w", err)
	}
	if !strings.HasPrefix(r.URL, "http://") && !strings.HasPrefix(r.URL, "https://") {
		return r, fmt.Errorf("expected an address such as http://127.0.0.1:8080/orders, found %q", r.URL)
	}
	body, err := t.config.Body.Eval(scope)
	if err != nil {
		return r, fmt.Errorf("body: %w", err)
	}
	r.Body = []byte(body)
	value, err := t.config.JSON.Eval(scope)
	if err != nil {
		return r, fmt.Errorf("json: %w", err)
	}
	if value != nil {
		if r.Body, err = json.Marshal(value); err != nil {
			return r, fmt.Errorf("json: %w", err)
		}
		r.Headers["Content-Type"] = "application/json"
	}
	for name, value := range t.config.Headers {
		r.Headers[http.CanonicalHeaderKey(name)] = value
	}
	r.Method = method(t.config, len(r.Body) > 0)
	return r, nil
}

// send sends one request and counts what came of it.
func (t *test) send(ctx context.Context, index int, due time.Time) {
	request, err := t.request(index)
	if err != nil {
		t.tally.add(outcome{failure: err.Error()})
		return
	}
	response, err := t.client.Do(ctx, request)
	if err != nil {
		t.tally.add(outcome{failure: reason(err)})
		return
	}
	o := outcome{took: time.Since(due), status: response.Status}
	if !t.allowed(response.Status) {
		o.failure = strings.TrimSpace(fmt.Sprintf("answered with %d %s", response.Status, http.StatusText(response.Status)))
	}
	t.tally.add(o)
}

// reason groups errors: without the address, which may be another one each time.
func reason(err error) string {
	if lost, ok := errors.AsType[*web.ConnectionError](err); ok {
		return lost.Reason
	}
	return err.Error()
}

func (t *test) allowed(status int) bool {
	if t.config.Expect != nil && len(t.config.Expect.Status) > 0 {
		return slices.Contains(t.config.Expect.Status, status)
	}
	return status >= 200 && status <= 299
}

// attach keeps the outcome as evidence.
func (t *test) attach(out *Outputs) {
	if data, err := json.MarshalIndent(eval.ValueOfStruct(*out), "", "  "); err == nil {
		t.run.Host.Attach(t.run.ID+".json", append(data, '\n'))
	}
}
