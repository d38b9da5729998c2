package http

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/web"
)

// Retry says when to send a request again.
type Retry struct {
	Times  int           `yaml:"times" doc:"How often it is sent again at most; 3 if not given." example:"5"`
	Status []int         `yaml:"status" single:"true" doc:"Status codes that ask to come back later; 429, 502, 503 and 504 if not given." example:"[503]"`
	Wait   time.Duration `yaml:"wait" doc:"Time before the first repetition; each further one waits twice as long. A server that says Retry-After is obeyed. 500ms if not given." example:"1s"`
}

const (
	usualTimes   = 3
	usualWait    = 500 * time.Millisecond
	longestWait  = 30 * time.Second
	usuallyTwice = 2
)

func (r *Retry) check(c *Config, p *step.Problems) {
	if r == nil {
		return
	}
	if c.Until.IsSet() {
		p.At("retry", "retry means nothing beside until, which asks again anyway")
	}
	if r.Times < 0 || p.Given("retry.times") && !p.Dynamic("retry.times") && r.Times == 0 {
		p.At("retry.times", "expected 1 or more, found %d", r.Times)
	}
	if r.Wait < 0 {
		p.At("retry.wait", "expected a positive duration, found %s", r.Wait)
	}
}

// send sends the request, again where the author allows it, and says how often.
func (x *exchange) send(ctx context.Context) (response *web.Response, sent int, err error) {
	for {
		response, err = x.client.Do(ctx, x.request)
		sent++
		wait, reason := x.config.Retry.again(x.request.Method, sent, response, err)
		if reason == "" || ctx.Err() != nil {
			return response, sent, err
		}
		x.run.Progress("%s: %s; sending it again in %s", x.name(), reason, wait)
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return response, sent, err
		}
	}
}

// again says how long to wait before a request is repeated and why, "" when it is not.
func (r *Retry) again(method string, sent int, response *web.Response, err error) (wait time.Duration, reason string) {
	if r == nil || sent > cmp.Or(r.Times, usualTimes) {
		return 0, ""
	}
	wait = cmp.Or(r.Wait, usualWait)
	for range sent - 1 {
		wait = min(wait*usuallyTwice, longestWait)
	}
	if err != nil {
		if !web.Refused(err) && !harmless(method) {
			return 0, "" // it may have arrived, and would arrive twice
		}
		return wait, err.Error()
	}
	statuses := r.Status
	if len(statuses) == 0 {
		statuses = []int{http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout}
	}
	if !slices.Contains(statuses, response.Status) {
		return 0, ""
	}
	if seconds, err := strconv.Atoi(response.Headers["retry-after"]); err == nil && seconds >= 0 {
		wait = min(time.Duration(seconds)*time.Second, longestWait)
	}
	return wait, fmt.Sprintf("it was answered with %s", statusText(response.Status))
}

// harmless reports whether a request that arrives twice is the same as one that arrives once (RFC 9110, 9.2.2).
func harmless(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodPut, http.MethodDelete:
		return true
	}
	return false
}
