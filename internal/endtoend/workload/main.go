// Command workload is the system under test of stories on real pods: a small HTTP server that breaks, eats memory and asks
// others when it is told to, and the short jobs that stories need. It is one static program, so that an image of it needs
// no registry.
//
// It is test support and no part of the product.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1) //nolint:gocritic // the process ends here anyway
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) == 0 || args[0] != "serve" && args[0] != "index" && len(args) < 2 {
		return fmt.Errorf("expected serve, index, exit, get or post, found nothing")
	}
	switch args[0] {
	case "serve":
		return serve(ctx, args[1:])
	case "index":
		fmt.Println("index", os.Getenv("JOB_COMPLETION_INDEX"))
		return nil
	case "exit":
		code, err := strconv.Atoi(args[1])
		if err != nil {
			return err
		}
		fmt.Println("leaving with code", code)
		os.Exit(code)
	case "get", "post":
		status, err := ask(ctx, strings.ToUpper(args[0]), args[1])
		fmt.Println(status)
		return err
	}
	return fmt.Errorf("expected serve, index, exit, get or post, found %q", args[0])
}

// stopTime is how long open requests may take when the server is told to stop.
const stopTime = time.Second

func serve(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	listen := flags.String("listen", ":8080", "address to serve at")
	eat := flags.Int("eat", 0, "megabytes to take at the start")
	if err := flags.Parse(args); err != nil {
		return err
	}
	s := &server{}
	s.eat(*eat)
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", *listen)
	if err != nil {
		return err
	}
	fmt.Println("serving at", listener.Addr())
	h := &http.Server{Handler: s.routes(), ReadHeaderTimeout: stopTime}
	context.AfterFunc(ctx, func() {
		ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
		defer cancel()
		_ = h.Shutdown(ending) // whoever still waits is cut off by the end of the process
	})
	if err := h.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
