package startprocess

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/eval"
)

const (
	firstLook = 10 * time.Millisecond
	lastLook  = 250 * time.Millisecond
	oneLook   = 2 * time.Second // how long a single connection or request may take
)

// condition is one thing that must be seen before the program counts as ready.
type condition struct {
	what string
	wait func(ctx context.Context, seen func(string)) error
}

// conditions returns what this use waits for, in the order in which a program gets there.
func conditions(r Ready, scope eval.Scope, ports map[string]int, matches <-chan map[string]string, captures map[string]string) ([]condition, error) {
	var all []condition
	if r.Log != "" {
		all = append(all, condition{fmt.Sprintf("a line that matches %q", r.Log), func(ctx context.Context, _ func(string)) error {
			select {
			case found := <-matches:
				for name, value := range found {
					captures[name] = value
				}
				return nil
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}})
	}
	if !r.Port.Empty() {
		port, err := portOf(r.Port, scope, ports)
		if err != nil {
			return nil, fmt.Errorf("ready.port: %w", err)
		}
		address := net.JoinHostPort(loopback, strconv.Itoa(port))
		all = append(all, condition{"a connection to " + address, repeatedly(dial(address))})
	}
	if r.HTTP != nil {
		url, err := r.HTTP.URL.Eval(scope)
		if err != nil {
			return nil, fmt.Errorf("ready.http.url: %w", err)
		}
		all = append(all, condition{"an answer from " + url, repeatedly(get(url, r.HTTP.Status))})
	}
	return all, nil
}

func portOf(text eval.Text, scope eval.Scope, ports map[string]int) (int, error) {
	name, err := text.Eval(scope)
	if err != nil {
		return 0, err
	}
	if port, ok := ports[name]; ok {
		return port, nil
	}
	port, err := strconv.Atoi(name)
	if err != nil || port < 1 || port > highestPort {
		return 0, fmt.Errorf("%q is neither a port number nor a name from ports", name)
	}
	return port, nil
}

// matcher returns what looks at each line of output, and the channel on which the first match arrives.
func matcher(pattern string) (func(line string), <-chan map[string]string) {
	matches := make(chan map[string]string, 1)
	if pattern == "" {
		return nil, matches
	}
	expression := regexp.MustCompile(pattern) // checked before
	return func(line string) {
		groups := expression.FindStringSubmatch(line)
		if groups == nil {
			return
		}
		found := map[string]string{}
		for i, name := range expression.SubexpNames() {
			if name != "" {
				found[name] = groups[i]
			}
		}
		select {
		case matches <- found:
		default: // only the first counts
		}
	}, matches
}

// repeatedly looks again and again, at growing intervals, because a port can't tell when it opens.
func repeatedly(look func(ctx context.Context) error) func(context.Context, func(string)) error {
	return func(ctx context.Context, seen func(string)) error {
		interval := firstLook
		for {
			bounded, cancel := context.WithTimeout(ctx, oneLook)
			err := look(bounded)
			cancel()
			if err == nil {
				return nil
			}
			if ctx.Err() == nil {
				seen(err.Error())
			}
			timer := time.NewTimer(interval)
			select {
			case <-timer.C:
			case <-ctx.Done():
				timer.Stop()
				return context.Cause(ctx)
			}
			interval = min(2*interval, lastLook)
		}
	}
}

func dial(address string) func(context.Context) error {
	var dialer net.Dialer
	return func(ctx context.Context) error {
		c, err := dialer.DialContext(ctx, "tcp", address)
		if err != nil {
			return err
		}
		return c.Close()
	}
}

func get(url string, wanted []int) func(context.Context) error {
	return func(ctx context.Context) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		response, err := client.Do(request)
		if err != nil {
			return err
		}
		if err := response.Body.Close(); err != nil {
			return err
		}
		if !accepted(response.StatusCode, wanted) {
			return fmt.Errorf("%s answers %s", url, response.Status)
		}
		return nil
	}
}

func accepted(status int, wanted []int) bool {
	if len(wanted) == 0 {
		return status >= 200 && status <= 299
	}
	return slices.Contains(wanted, status)
}

var errNotReady = errors.New("not ready in time")
