package remote

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/transport/spdy"
	"k8s.io/client-go/transport/websocket"
	"k8s.io/streaming/pkg/httpstream"
	streamspdy "k8s.io/streaming/pkg/httpstream/spdy"

	"github.com/scenario-runner/scenario-runner/steps/kube"
)

const (
	// protocol is that of streams to ports.
	protocol = portforward.PortForwardProtocolV1Name
	// tunnelled is the same inside a WebSocket.
	tunnelled = "SPDY/3.1+" + protocol
	// pingPeriod keeps connections open that nobody uses, and finds out about those that are dead.
	pingPeriod = 10 * time.Second
)

// connect opens a connection to a pod that can hold many streams.
func connect(ctx context.Context, cluster *kube.Cluster, namespace, pod string) (httpstream.Connection, error) {
	var connection httpstream.Connection
	err := patiently(ctx, func() (err error) {
		connection, err = connectByWebSocket(ctx, cluster, namespace, pod)
		if old(err) {
			connection, err = connectBySPDY(ctx, cluster, namespace, pod)
		}
		return plain(err)
	})
	if errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, ErrNotBegun) {
		err = ErrSilent // there is nothing else that it waits for
	}
	if err != nil {
		return nil, fmt.Errorf("connect to pod %s: %w", pod, err)
	}
	return connection, nil
}

func connectByWebSocket(ctx context.Context, cluster *kube.Cluster, namespace, pod string) (httpstream.Connection, error) {
	config, target, err := address(cluster, namespace, pod, "portforward", nil)
	if err != nil {
		return nil, err
	}
	transport, holder, err := websocket.RoundTripperFor(config)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), nil)
	if err != nil {
		return nil, err
	}
	socket, err := websocket.Negotiate(transport, holder, request, tunnelled)
	if err != nil {
		return nil, err
	}
	tunnel := portforward.NewTunnelingConnectionWithLogger(logr.Discard(), socket)
	connection, err := streamspdy.NewClientConnectionWithPings(tunnel, pingPeriod)
	if err != nil {
		_ = tunnel.Close() // the error says what went wrong
		return nil, err
	}
	return connection, nil
}

func connectBySPDY(ctx context.Context, cluster *kube.Cluster, namespace, pod string) (httpstream.Connection, error) {
	config, target, err := address(cluster, namespace, pod, "portforward", nil)
	if err != nil {
		return nil, err
	}
	transport, upgrader, err := spdy.RoundTripperFor(config)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, target.String(), nil)
	if err != nil {
		return nil, err
	}
	connection, _, err := spdy.NegotiateStreaming(upgrader, &http.Client{Transport: transport}, request, protocol)
	return connection, err
}
