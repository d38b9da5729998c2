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

const (
	reportEvery = time.Second
	// tooLate is the share of requests that may leave late before nothing can be said.
	tooLate = 0.05
)

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

// judge says whether the outcome is as expected, and whether it proves anything.
func (t *test) judge(out *Outputs) error {
	if t.tally.late > int(tooLate*float64(out.Requests)) {
		return t.explain(step.Inconclude("this machine could not keep the rate: %d of %d requests left more than %s late, so the times say nothing about the server",
			t.tally.late, out.Requests, noticeable), out)
	}
	if t.config.Expect == nil || len(t.config.Expect.That) == 0 {
		if out.Failed == 0 {
			return nil
		}
		return t.explain(step.Fail("%d of %d requests failed: %s", out.Failed, out.Requests, strings.TrimSpace(strings.TrimLeft(out.reasons()[0], "0123456789"))), out)
	}
	scope := t.run.Scope.With("result", eval.ValueOfStruct(*out))
	var wrong []string
	f := step.Fail("")
	for _, that := range t.config.Expect.That {
		ok, err := that.Eval(scope)
		if err != nil {
			return t.explain(&step.Failure{Verdict: step.Errored, Message: fmt.Sprintf("%s can't be told: %s", that.Source(), err)}, out)
		}
		if ok {
			continue
		}
		wrong = append(wrong, that.Source())
		for _, o := range that.Explain(scope) {
			f.With(o.Text, o.Value) //nolint:errcheck // it returns the failure itself
		}
	}
	if len(wrong) == 0 {
		return nil
	}
	f.Message = fmt.Sprintf("not true of %d requests: %s", out.Requests, strings.Join(wrong, "; "))
	return t.explain(f, out)
}

// explain adds what was measured.
func (t *test) explain(f *step.Failure, out *Outputs) error {
	f.Explain("times", out.times()) //nolint:errcheck // it returns the failure itself
	return f.Explain("failed", out.reasons()...)
}

// attach keeps the outcome as evidence.
func (t *test) attach(out *Outputs) {
	if data, err := json.MarshalIndent(eval.ValueOfStruct(*out), "", "  "); err == nil {
		t.run.Host.Attach(t.run.ID+".json", append(data, '\n'))
	}
}
