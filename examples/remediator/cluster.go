package main

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/action"
)

// readyTimeout limits how long a question about readiness waits for the API server.
const readyTimeout = 3 * time.Second

// dialTimeout limits how long a connection to a relay may take.
const dialTimeout = 5 * time.Second

// cluster is what flags say about one cluster.
type cluster struct {
	kubeconfig, context string
	via                 string // address of a relay to its API server; "" means none
}

// clusterFlags are the further clusters by name.
type clusterFlags map[string]cluster

// String shows the names.
func (c *clusterFlags) String() string {
	if c == nil {
		return ""
	}
	return strings.Join(slices.Sorted(maps.Keys(*c)), ", ")
}

// Set takes one flag.
func (c *clusterFlags) Set(text string) error {
	name, place, found := strings.Cut(text, "=")
	kubeconfig, context, _ := strings.Cut(place, ",")
	if !found || name == "" || kubeconfig == "" {
		return fmt.Errorf("found %q, expected name=kubeconfig or name=kubeconfig,context", text)
	}
	if _, taken := (*c)[name]; taken {
		return fmt.Errorf("cluster %q is given twice", name)
	}
	if *c == nil {
		*c = clusterFlags{}
	}
	(*c)[name] = cluster{kubeconfig: kubeconfig, context: context}
	return nil
}

// relays are addresses over which the API servers of further clusters are reached, by the names of the clusters.
type relays map[string]string

// String shows the names.
func (r *relays) String() string {
	if r == nil {
		return ""
	}
	return strings.Join(slices.Sorted(maps.Keys(*r)), ", ")
}

// Set takes one flag.
func (r *relays) Set(text string) error {
	name, address, found := strings.Cut(text, "=")
	if _, _, err := net.SplitHostPort(address); !found || name == "" || err != nil {
		return fmt.Errorf("found %q, expected name=host:port", text)
	}
	if *r == nil {
		*r = relays{}
	}
	(*r)[name] = address
	return nil
}

// over gives the clusters the addresses of their relays.
func (c clusterFlags) over(r relays) error {
	for _, name := range slices.Sorted(maps.Keys(r)) {
		one, known := c[name]
		if !known {
			return fmt.Errorf("the flag --via is about cluster %q, which no flag --cluster names", name)
		}
		one.via = r[name]
		c[name] = one
	}
	return nil
}

// connect returns a client for each cluster.
func (c clusterFlags) connect(dryRun bool, log *slog.Logger) (map[string]action.Cluster, error) {
	clusters := make(map[string]action.Cluster, len(c))
	for _, name := range slices.Sorted(maps.Keys(c)) {
		client, err := connect(c[name], log)
		if err != nil {
			return nil, fmt.Errorf("cluster %q: %w", name, err)
		}
		clusters[name] = action.Cluster{Client: client, DryRun: dryRun}
	}
	return clusters, nil
}

// connect returns a client for the cluster that the flags name.
func connect(named cluster, log *slog.Logger) (kubernetes.Interface, error) {
	config, err := clusterConfig(named)
	if err != nil {
		return nil, err
	}
	// The API server's own fairness limits us; a second limit here would only delay repairs.
	config.QPS = -1
	if named.via != "" { // the name in the kubeconfig is still the one that the server must prove
		config.Dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{Timeout: dialTimeout}).DialContext(ctx, network, named.via)
		}
	}
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
func clusterConfig(named cluster) (*rest.Config, error) {
	if named.kubeconfig == "" {
		config, err := rest.InClusterConfig()
		if err != nil {
			return nil, fmt.Errorf("no cluster is named: give --kubeconfig, or run in a pod: %w", err)
		}
		return config, nil
	}
	rules := &clientcmd.ClientConfigLoadingRules{ExplicitPath: named.kubeconfig}
	if files := filepath.SplitList(named.kubeconfig); len(files) > 1 {
		rules = &clientcmd.ClientConfigLoadingRules{Precedence: files}
	}
	config, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(
		rules,
		&clientcmd.ConfigOverrides{CurrentContext: named.context},
	).ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("read the kubeconfig %q: %w", named.kubeconfig, err)
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
