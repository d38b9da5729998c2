package portforward

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"syscall"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/pods"
	"github.com/scenario-runner/scenario-runner/steps/kube/remote"
)

type steps struct{ env *kube.Env }

// host is where it listens: on this machine alone.
const host = "127.0.0.1"

// run listens, makes sure that a connection stands, and leaves the rest to a service.
func (s steps) run(ctx context.Context, run *step.Run, c Config) (out Outputs, err error) {
	began := time.Now()
	defer func() { out.Took = time.Since(began) }()
	place, err := s.env.Target(ctx, run)
	if err != nil {
		return out, err
	}
	listener, err := listen(ctx, c.LocalPort)
	if err != nil {
		return out, err
	}
	// The forwarder outlives the step: the service below ends it.
	forwarder := remote.NewForwarder(context.WithoutCancel(ctx), place, c.To, c.Port, func(text string) { run.Progress("%s", text) })
	if out.Pod, out.PodPort, err = forwarder.Ready(ctx); err != nil {
		forwarder.Close()
		return out, errors.Join(verdict(ctx, run, err), listener.Close())
	}
	address, _ := listener.Addr().(*net.TCPAddr) // it is one of TCP
	out.Host, out.Port = host, address.Port
	out.URL = fmt.Sprintf("%s://%s", c.Scheme, address)
	run.Progress("%s leads to port %d of pod %s", out.URL, out.PodPort, out.Pod)
	run.Host.Service("portForward "+c.To.String(), func(ctx context.Context) error {
		defer forwarder.Close()
		return forwarder.Serve(ctx, listener)
	})
	return out, nil
}

func listen(ctx context.Context, port int) (net.Listener, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", net.JoinHostPort(host, strconv.Itoa(port)))
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("local port %d is taken; choose another one, or leave localPort out for a free one", port)
	}
	if err != nil {
		return nil, fmt.Errorf("listen on local port %d: %w", port, err)
	}
	return listener, nil
}

// verdict tells a claim that is false from what could not be found out.
func verdict(ctx context.Context, run *step.Run, err error) error {
	after := ""
	if run.Timeout > 0 {
		after = " after " + run.Timeout.String()
	}
	switch {
	case step.Interrupted(ctx):
		return ctx.Err()
	case errors.Is(err, remote.ErrNotBegun), errors.Is(err, remote.ErrSilent):
		return err
	case errors.Is(err, pods.ErrNone), ctx.Err() != nil:
		return step.Fail("timed out%s: %s", after, err)
	}
	return err
}
