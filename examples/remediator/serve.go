package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"k8s.io/client-go/kubernetes"

	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/action"
	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/alert"
	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/event"
	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/history"
	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/metric"
	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/notify"
	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/remedy"
	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/rule"
	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/web"
)

const (
	historyCapacity   = 10_000
	readHeaderTimeout = 10 * time.Second
	shutdownTimeout   = 5 * time.Second
)

// serve handles alerts until the context ends and every action has come to its end.
func serve(ctx context.Context, opts options, rules *rule.Set, log *slog.Logger, stdout io.Writer) (err error) {
	client, err := connect(cluster{kubeconfig: opts.kubeconfig, context: opts.context}, log)
	if err != nil {
		return err
	}
	clusters, err := opts.clusters.connect(opts.dryRun, log)
	if err != nil {
		return err
	}
	sinks, earlier, closeSinks, err := openSinks(ctx, opts)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeSinks()) }()
	record, metrics := history.New(historyCapacity, sinks), metric.New()
	config := remedy.Config{
		Cluster: action.Cluster{Client: client, DryRun: opts.dryRun}, Clusters: clusters,
		Decider: opts.model.decider(rules), History: record, Metrics: metrics, Log: log, Parallel: opts.parallel,
	}
	if opts.notify != "" {
		config.Notify = notify.New(opts.notify, &http.Client{}).Send
	}
	remediator := remedy.New(config)
	remediator.Restore(earlier)
	metrics.Watch(remediator.Waiting)
	ready := func(ctx context.Context) error {
		if remediator.Stopping() {
			return remedy.ErrStopping
		}
		return errors.Join(record.Err(), apiReady(ctx, client))
	}
	handler := web.NewHandler(web.Config{Receiver: remediator, History: record, Metrics: metrics, Ready: ready, Log: log})
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: readHeaderTimeout,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	listener, err := net.Listen("tcp", opts.listen)
	if err != nil {
		return fmt.Errorf("listen on %q: %w", opts.listen, err)
	}
	watching := watchEvents(ctx, opts.events, client, remediator, log)
	defer watching.Wait()
	fmt.Fprintf(stdout, "listening on %s\n", listener.Addr())
	log.Info("started", "rules", rules.Len(), "dryRun", opts.dryRun)
	return serveUntil(ctx, server, listener, remediator, log)
}

// watchEvents lets the warnings of a namespace count as alerts, until ctx ends; without a namespace it does nothing.
func watchEvents(ctx context.Context, namespace string, client kubernetes.Interface, to *remedy.Remediator, log *slog.Logger) *sync.WaitGroup {
	var watching sync.WaitGroup
	if namespace == "" {
		return &watching
	}
	receive := func(ctx context.Context, a alert.Alert) error {
		_, err := to.Receive(ctx, a)
		return err
	}
	watching.Go(func() { event.Source{Client: client, Namespace: namespace, Receive: receive, Log: log}.Run(ctx) })
	return &watching
}

// serveUntil stops in two stages: first alerts are refused while the history can still be
// read, and when the last action is recorded the server goes.
func serveUntil(ctx context.Context, server *http.Server, listener net.Listener, remediator *remedy.Remediator, log *slog.Logger) error {
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	select {
	case err := <-served:
		remediator.Close()
		return fmt.Errorf("serve HTTP: %w", err)
	case <-ctx.Done():
	}
	log.Info("stopping: alerts are refused, actions in progress come to their end")
	remediator.Close()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
	defer cancel()
	err := server.Shutdown(ctx)
	<-served
	if err != nil {
		return fmt.Errorf("stop serving HTTP: %w", err)
	}
	log.Info("stopped")
	return nil
}
