// The gateway is a teaching example: what lies between clusters and those who use them. It answers in the place of a
// service that two clusters have, from the first of them whose service has ready endpoints, and it relays connections to
// API servers over lines that can be cut. It is a part of our scenarios and not of the product, and it is no load balancer:
// no request goes on to a pod, because the pods of a sandbox are simulated.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

const (
	readHeaderTimeout = 10 * time.Second
	shutdownTimeout   = 2 * time.Second
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	code := 0
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintf(os.Stderr, "gateway: %v\n", err)
		code = 1
	}
	stop()
	os.Exit(code)
}

// options are the flags.
type options struct {
	listen, namespace, service string
	check                      time.Duration
	backends, lines            named
}

// named are kubeconfigs by the names of clusters, in the order in which they were given.
type named []cluster

type cluster struct{ name, kubeconfig string }

// String shows the names.
func (n *named) String() string {
	if n == nil {
		return ""
	}
	var names []string
	for _, c := range *n {
		names = append(names, c.name)
	}
	return strings.Join(names, ", ")
}

// Set takes one flag.
func (n *named) Set(text string) error {
	name, kubeconfig, found := strings.Cut(text, "=")
	if !found || name == "" || kubeconfig == "" {
		return fmt.Errorf("found %q, expected name=kubeconfig", text)
	}
	*n = append(*n, cluster{name, kubeconfig})
	return nil
}

func parse(arguments []string, stderr io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("gateway", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.listen, "listen", "127.0.0.1:0", "`address` to serve HTTP on; port 0 takes a free one")
	flags.StringVar(&o.namespace, "namespace", os.Getenv("SCENARIO_NAMESPACE"), "`namespace` of the service (or the variable SCENARIO_NAMESPACE)")
	flags.StringVar(&o.service, "service", "", "`name` of the service that is answered for")
	flags.DurationVar(&o.check, "check", 200*time.Millisecond, "how often is looked which cluster is healthy")
	flags.Var(&o.backends, "backend", "`name=kubeconfig` of a cluster that has the service; the first healthy one is used (repeatable)")
	flags.Var(&o.lines, "line", "`name=kubeconfig` of a cluster whose API server is reached over a line that can be cut (repeatable)")
	if err := flags.Parse(arguments); err != nil {
		return o, err
	}
	switch {
	case flags.NArg() > 0:
		return o, fmt.Errorf("found argument %q, expected flags only", flags.Arg(0))
	case len(o.backends)+len(o.lines) == 0:
		return o, errors.New("nothing to do: give --backend or --line")
	case len(o.backends) > 0 && (o.service == "" || o.namespace == ""):
		return o, errors.New("--backend needs --service and --namespace")
	case o.check <= 0:
		return o, fmt.Errorf("found --check %s, expected more than 0", o.check)
	}
	return o, nil
}

// run serves until ctx ends.
func run(ctx context.Context, arguments []string, stdout, stderr io.Writer) error {
	o, err := parse(arguments, stderr)
	if err != nil {
		return err
	}
	mux, also := http.NewServeMux(), ""
	if len(o.lines) > 0 {
		lines, err := openLines(ctx, o.lines)
		if err != nil {
			return err
		}
		defer lines.close()
		lines.routes(mux)
		also = lines.String()
	}
	if len(o.backends) > 0 {
		b, err := newBalancer(ctx, o)
		if err != nil {
			return err
		}
		defer b.wait()
		mux.HandleFunc("GET /{$}", b.answer)
	}
	return serve(ctx, o.listen, mux, also, stdout)
}

// serve answers until ctx ends. The line that says where is complete, so that a reader needs no other.
func serve(ctx context.Context, address string, handler http.Handler, also string, stdout io.Writer) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("listen on %q: %w", address, err)
	}
	fmt.Fprintf(stdout, "listening on %s%s\n", listener.Addr(), also)
	server := &http.Server{Handler: handler, ReadHeaderTimeout: readHeaderTimeout}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	select {
	case err := <-served:
		return fmt.Errorf("serve HTTP: %w", err)
	case <-ctx.Done():
	}
	late, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
	defer cancel()
	err = server.Shutdown(late)
	<-served
	return err
}
