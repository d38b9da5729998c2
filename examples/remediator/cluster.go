package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// readyTimeout limits how long a question about readiness waits for the API server.
const readyTimeout = 3 * time.Second

// connect returns a client for the cluster that the flags name.
func connect(opts options, log *slog.Logger) (kubernetes.Interface, error) {
	config, err := clusterConfig(opts)
	if err != nil {
		return nil, err
	}
	// The API server's own fairness limits us; a second limit here would only delay repairs.
	config.QPS = -1
	config.UserAgent = "remediator"
	config.WarningHandlerWithContext = warningLog{log}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("make a client for the cluster: %w", err)
	}
	return client, nil
}

// clusterConfig never guesses: a cluster is touched only if it was named or if the process
// runs in it.
func clusterConfig(opts options) (*rest.Config, error) {
	if opts.kubeconfig == "" {
		config, err := rest.InClusterConfig()
		if err != nil {
			return nil, fmt.Errorf("no cluster is named: give --kubeconfig, or run in a pod: %w", err)
		}
		return config, nil
	}
	config, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(
		&clientcmd.ClientConfigLoadingRules{ExplicitPath: opts.kubeconfig},
		&clientcmd.ConfigOverrides{CurrentContext: opts.context},
	).ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("read the kubeconfig %q: %w", opts.kubeconfig, err)
	}
	return config, nil
}

// apiReady asks the API server whether it is ready.
func apiReady(ctx context.Context, client kubernetes.Interface) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	if err := client.Discovery().RESTClient().Get().AbsPath("/readyz").Do(ctx).Error(); err != nil {
		return fmt.Errorf("the API server is not ready: %w", err)
	}
	return nil
}

// warningLog writes the warnings of the API server to the log.
type warningLog struct {
	log *slog.Logger
}

// HandleWarningHeaderWithContext is called for each warning.
func (w warningLog) HandleWarningHeaderWithContext(_ context.Context, _ int, _, text string) {
	w.log.Warn("the API server warns", "text", text)
}
