package client_test

import (
	"context"
	"errors"
	"net"
	"regexp"
	"syscall"
	"testing"
	"time"

	"github.com/scenario-runner/scenario-runner/steps/kube/client"
)

// TestNobodyAnswersUntilTheTimeIsOver: that is told apart from an answer that was not good enough.
func TestNobodyAnswersUntilTheTimeIsOver(t *testing.T) {
	over := errors.New("timed out after 1s")
	for _, c := range []struct {
		name   string
		cause  error
		silent bool
		want   string
	}{
		{"refused", &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}, true, `^timed out after 1s after [1-9]\d* attempts; the last one: connection refused$`},
		{"busy", client.Again(errors.New("busy")), false, `^timed out after 1s after [1-9]\d* attempts; the last one: busy$`},
	} {
		ctx, cancel := context.WithTimeoutCause(t.Context(), 20*time.Millisecond, over)
		_, err := client.Retry(ctx, client.Policy{First: time.Millisecond}, func() (int, error) { return 0, c.cause })
		cancel()
		_, silent := errors.AsType[*client.Silent](err)
		if err == nil || silent != c.silent || !errors.Is(err, over) || !regexp.MustCompile(c.want).MatchString(err.Error()) {
			t.Errorf("%s: silent %t, %v", c.name, silent, err)
		}
	}
}
