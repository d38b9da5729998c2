// The pipeline is a stand-in for a remediation platform that works with custom resources: it takes alerts, decides by a file
// of rules which evidence means what, and carries the chosen workflow out on the cluster. It is the system under test of
// the scenarios in scenarios/catalogue where the real platform is not there, and not a part of the product.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"k8s.io/client-go/tools/clientcmd"

	"github.com/scenario-runner/scenario-runner/examples/pipeline/internal/cluster"
	"github.com/scenario-runner/scenario-runner/examples/pipeline/internal/flow"
	"github.com/scenario-runner/scenario-runner/examples/pipeline/internal/rule"
	"github.com/scenario-runner/scenario-runner/examples/pipeline/internal/world"
)

const (
	readHeaderTimeout = 10 * time.Second
	shutdownTimeout   = 5 * time.Second
)

// options are the flags.
type options struct {
	listen, kubeconfig, context, rules, namespace, play string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run is main without the process around it.
func run(ctx context.Context, arguments []string, stdout, stderr io.Writer) int {
	o, err := parseFlags(arguments, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err == nil {
		err = serve(ctx, o, slog.New(slog.NewTextHandler(stderr, nil)), stdout)
	}
	if err != nil {
		fmt.Fprintf(stderr, "pipeline: %v\n", err)
		return 1
	}
	return 0
}

func parseFlags(arguments []string, stderr io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("pipeline", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.listen, "listen", "127.0.0.1:0", "`address` to take alerts on; port 0 takes a free one")
	flags.StringVar(&o.kubeconfig, "kubeconfig", os.Getenv("KUBECONFIG"), "kubeconfig `file` (required)")
	flags.StringVar(&o.context, "context", "", "`name` of the kubeconfig context")
	flags.StringVar(&o.rules, "rules", "", "`folder` with the rule files (required)")
	flags.StringVar(&o.namespace, "namespace", os.Getenv("SCENARIO_NAMESPACE"), "`namespace` of the custom resources (required)")
	flags.StringVar(&o.play, "play", "", "`names` of the players to be, separated by commas")
	if err := flags.Parse(arguments); err != nil {
		return o, err
	}
	for _, required := range []struct{ name, value string }{{"kubeconfig", o.kubeconfig}, {"rules", o.rules}, {"namespace", o.namespace}} {
		if required.value == "" {
			return o, fmt.Errorf("the flag --%s is missing", required.name)
		}
	}
	return o, nil
}

// serve takes alerts until the context ends and every request has come to its end.
func serve(ctx context.Context, o options, log *slog.Logger, stdout io.Writer) error {
	book, err := rule.Load(o.rules)
	if err != nil {
		return err
	}
	config, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(
		&clientcmd.ClientConfigLoadingRules{ExplicitPath: o.kubeconfig}, &clientcmd.ConfigOverrides{CurrentContext: o.context},
	).ClientConfig()
	if err != nil {
		return fmt.Errorf("read the kubeconfig %q: %w", o.kubeconfig, err)
	}
	config.QPS = -1
	on, err := cluster.New(config)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	p := &flow.Pipeline{Cluster: on, Book: book, Namespace: o.namespace, Log: log}
	var players sync.WaitGroup
	defer func() { cancel(); players.Wait(); p.Wait() }()
	for name := range strings.FieldsFuncSeq(o.play, func(r rune) bool { return r == ',' }) {
		player, err := book.Player(name)
		if err != nil {
			return err
		}
		players.Go(func() { world.Play(ctx, on, player, o.namespace, log) })
	}
	return listen(ctx, o.listen, p, stdout)
}

// listen serves HTTP until the context ends.
func listen(ctx context.Context, address string, p *flow.Pipeline, stdout io.Writer) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("listen on %q: %w", address, err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/v1/signals/prometheus", func(w http.ResponseWriter, request *http.Request) {
		alerts, err := flow.Decode(request.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusCreated)
		// What the requests do outlives the HTTP request that brought the alerts.
		_ = json.NewEncoder(w).Encode(map[string]any{"remediationRequests": p.Receive(ctx, alerts)})
	})
	server := &http.Server{Handler: mux, ReadHeaderTimeout: readHeaderTimeout}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	fmt.Fprintf(stdout, "listening on %s\n", listener.Addr())
	select {
	case err := <-served:
		return fmt.Errorf("serve HTTP: %w", err)
	case <-ctx.Done():
	}
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
	defer cancel()
	err = server.Shutdown(end)
	<-served
	return err
}
