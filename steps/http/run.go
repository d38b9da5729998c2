package http

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/web"
)

// exchange is the requests of one use of the step.
type exchange struct {
	run     *step.Run
	config  *Config
	client  *web.Client
	request web.Request
	outputs Outputs
	last    *web.Response
	seen    string // the last thing seen
	schema  *web.Schema
}

func perform(ctx context.Context, run *step.Run, c *Config, env *kube.Env) (Outputs, error) {
	request, err := build(c)
	if err != nil {
		return Outputs{}, err
	}
	if c.ServiceAccount != nil {
		token, err := c.ServiceAccount.token(ctx, run, env)
		if err != nil {
			return Outputs{}, err
		}
		request.Headers["Authorization"] = "Bearer " + token
	}
	for _, secret := range web.Secrets(request.Headers, request.URL) {
		run.Host.Mask(secret)
	}
	client, err := web.NewClient(c.TLS, run.Folder(), c.RequestTimeout, c.FollowRedirects)
	if err != nil {
		return Outputs{}, err
	}
	defer client.Close()
	x := &exchange{run: run, config: c, client: client, request: request}
	if c.Expect != nil {
		if x.schema, err = web.CompileSchema(c.Expect.Schema); err != nil {
			return Outputs{}, fmt.Errorf("schema: %w", err)
		}
	}
	closeAll, err := x.open(ctx, env)
	if err != nil {
		return Outputs{}, err
	}
	defer closeAll()
	err = x.converse(ctx)
	client.Close() // before the way to the pods is closed
	return x.outputs, err
}

// converse sends what is to be sent and judges what comes back.
func (x *exchange) converse(ctx context.Context) error {
	if x.config.Count > 0 {
		return x.burst(ctx)
	}
	ask := x.ask
	if x.config.Until.IsSet() {
		ask = x.poll
	}
	if err := ask(ctx); err != nil {
		return err
	}
	return x.judge()
}

func build(c *Config) (web.Request, error) {
	r := web.Request{Method: method(c), Headers: map[string]string{}, Body: []byte(c.Body)}
	u, err := url.Parse(c.URL)
	if err != nil {
		return r, fmt.Errorf("url: %w", err)
	}
	query := u.Query()
	for name, value := range c.Query {
		query.Set(name, value)
	}
	if len(c.Query) > 0 {
		u.RawQuery = query.Encode()
	}
	r.URL = u.String()
	if c.JSON != nil {
		if r.Body, err = json.Marshal(c.JSON); err != nil {
			return r, fmt.Errorf("json: %w", err)
		}
		r.Headers["Content-Type"] = "application/json"
	}
	maps.Copy(r.Headers, canonical(c.Headers))
	return r, nil
}

// canonical makes a header that the author gives replace ours, however it is written.
func canonical(headers map[string]string) map[string]string {
	out := make(map[string]string, len(headers))
	for name, value := range headers {
		if strings.EqualFold(name, "Content-Type") {
			name = "Content-Type"
		}
		out[name] = value
	}
	return out
}

// ask sends one request.
func (x *exchange) ask(ctx context.Context) error {
	r, sent, err := x.send(ctx)
	x.outputs.Attempts += sent
	if err != nil {
		return err
	}
	x.outputs.Statuses = map[string]int{fmt.Sprint(r.Status): 1}
	x.take(r)
	return nil
}

// take makes an answer the last one.
func (x *exchange) take(r *web.Response) {
	x.last = r
	o := &x.outputs
	o.Status, o.Headers, o.Body, o.Text, o.Took = r.Status, r.Headers, r.Body, r.Text, r.Took
}

func (x *exchange) scope() eval.Scope { return x.run.Scope.With("response", x.last.Values()) }

func (x *exchange) name() string { return x.request.Method + " " + x.request.Address() }

// judge compares the last answer with what is expected. Every condition that is false is reported.
func (x *exchange) judge() error {
	expect := x.config.Expect
	if expect == nil {
		expect = &Expect{}
	}
	if len(expect.Status) > 0 || !x.config.Until.IsSet() {
		if err := x.judgeStatus(expect.Status); err != nil {
			return err
		}
	}
	if err := x.judgeSchema(x.last.Body); err != nil {
		return err.(*step.Failure).Explain("answer", x.shown()...) //nolint:errorlint // it is one
	}
	scope := x.scope()
	var wrong []eval.Expr[bool]
	for _, that := range expect.That {
		ok, err := that.Eval(scope)
		if err != nil {
			f := &step.Failure{Verdict: step.Errored, Message: fmt.Sprintf("%s can't be told: %s", that.Source(), err)}
			return f.Explain("answer", x.shown()...)
		}
		if !ok {
			wrong = append(wrong, that)
		}
	}
	if len(wrong) == 0 {
		return nil
	}
	f := step.Fail("not true of the answer to %s: %s", x.name(), sources(wrong))
	for _, that := range wrong {
		explain(f, that, scope)
	}
	return f.Explain("answer", x.shown()...)
}

func sources(list []eval.Expr[bool]) string {
	texts := make([]string, len(list))
	for i, e := range list {
		texts[i] = e.Source()
	}
	return strings.Join(texts, "; ")
}

func explain(f *step.Failure, e eval.Expr[bool], scope eval.Scope) {
	for _, o := range e.Explain(scope) {
		f.With(o.Text, o.Value) //nolint:errcheck // it returns the failure itself
	}
}

func (x *exchange) judgeStatus(allowed []int) error {
	status := x.last.Status
	expected := "200 to 299"
	ok := status >= 200 && status <= 299
	if len(allowed) > 0 {
		ok = slices.Contains(allowed, status)
		texts := make([]string, len(allowed))
		for i, s := range allowed {
			texts[i] = fmt.Sprint(s)
		}
		expected = strings.Join(texts, " or ")
	}
	if ok {
		return nil
	}
	return step.Fail("%s answered %s; expected %s", x.name(), statusText(status), expected).Explain("answer", x.shown()...)
}

// poll asks again until the condition is true.
func (x *exchange) poll(ctx context.Context) error {
	if x.config.Within > 0 {
		bounded, cancel := context.WithTimeoutCause(ctx, x.config.Within, errWithin)
		defer cancel()
		ctx = bounded
	}
	ticker := time.NewTicker(x.config.Every)
	defer ticker.Stop()
	for {
		done, err := x.look(ctx)
		if done || err != nil {
			return err
		}
		x.run.Progress("%s; last seen: %s", x.config.Until.Source(), x.seen)
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return x.late(ctx)
		}
	}
}

var errWithin = errors.New("the time of within is over")

// look sends one request and reports whether the condition is true. While asking again a server may be away and an
// answer may not have its final form: that is what is waited for.
func (x *exchange) look(ctx context.Context) (done bool, err error) {
	if err := x.ask(ctx); err != nil {
		if ctx.Err() != nil {
			return false, x.late(ctx)
		}
		x.last, x.seen = nil, err.Error()
		return false, nil
	}
	scope := x.scope()
	x.seen = "status " + statusText(x.last.Status)
	if x.config.FailIf.IsSet() {
		wrong, err := x.config.FailIf.Eval(scope)
		if err != nil {
			x.seen += "; failIf: " + err.Error()
		}
		if wrong {
			f := step.Fail("%s: failIf is true: %s", x.name(), x.config.FailIf.Source())
			explain(f, x.config.FailIf, scope)
			return false, f.Explain("answer", x.shown()...)
		}
	}
	done, err = x.config.Until.Eval(scope)
	if err != nil {
		x.seen += "; " + err.Error()
		return false, nil
	}
	for _, o := range x.config.Until.Explain(scope) {
		x.seen += fmt.Sprintf("; %s = %s", o.Text, o.Value)
	}
	return done, nil
}

// late says what was waited for and what was seen last.
func (x *exchange) late(ctx context.Context) error {
	if step.Interrupted(ctx) {
		return ctx.Err()
	}
	after := "before the step timed out"
	if errors.Is(context.Cause(ctx), errWithin) {
		after = "within " + x.config.Within.String()
	}
	f := step.Fail("%s did not come true %s, in %s to %s", x.config.Until.Source(), after, requests(x.outputs.Attempts), x.name())
	if x.seen != "" {
		f.Message += "; last seen: " + x.seen
	}
	if x.last == nil {
		return f
	}
	explain(f, x.config.Until, x.scope())
	return f.Explain("answer", x.shown()...)
}

func requests(n int) string {
	if n == 1 {
		return "1 request"
	}
	return fmt.Sprintf("%d requests", n)
}
