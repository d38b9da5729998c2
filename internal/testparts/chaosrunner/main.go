// Command chaosrunner does the work of LitmusChaos's chaos-runner in tests: the operator starts it as a pod, it starts a
// job for each experiment of a ChaosEngine, follows it, and writes into the engine what came of it. The original is not
// to be had as a Go module.
//
// It is test support and no part of the product: it knows no more of engines than the tests need.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1) //nolint:gocritic // the process ends here anyway
	}
}

func run(ctx context.Context) error {
	config, err := rest.InClusterConfig()
	if err != nil {
		return err
	}
	cluster, err := dynamic.NewForConfig(config)
	if err != nil {
		return err
	}
	r := runner{cluster: cluster, namespace: os.Getenv("CHAOS_NAMESPACE"), name: os.Getenv("CHAOSENGINE"), targets: os.Getenv("TARGETS")}
	return r.run(ctx)
}
