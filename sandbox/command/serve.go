package command

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/scenario-runner/scenario-runner/sandbox/supervise"
)

type serveOptions struct {
	name        string
	nodes       nodeOptions
	parentStdin bool
	timeout     time.Duration
}

func (p *program) serve() *cobra.Command {
	var o serveOptions
	command := &cobra.Command{
		Use:   "serve",
		Short: "Run a sandbox in the foreground, for another program",
		Long: `Run a sandbox in the foreground. When it can be used, one line of JSON on standard output says how to reach it. It ends,
and nothing of it is left, when this process is asked to end (SIGTERM, SIGINT) or dies; with --parent-stdin also when
standard input reaches its end, which it does when the program that holds the other end dies.`,
		Args: noArguments,
		RunE: func(command *cobra.Command, _ []string) error { return p.runServe(command.Context(), o) },
	}
	command.Flags().StringVar(&o.name, "name", "", "name of the sandbox (default a random one)")
	nodesFlags(command, &o.nodes)
	command.Flags().BoolVar(&o.parentStdin, "parent-stdin", false, "end when standard input ends")
	command.Flags().DurationVar(&o.timeout, "timeout", time.Minute, "how long the start may take")
	return command
}

func (p *program) runServe(ctx context.Context, o serveOptions) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	if o.parentStdin {
		var cancel context.CancelFunc
		ctx, cancel = context.WithCancel(ctx)
		defer cancel()
		go func() {
			// What is read doesn't matter, and neither does how it ends.
			_, _ = io.Copy(io.Discard, p.streams.In)
			cancel()
		}()
	}
	return serveEphemeral(ctx, o, func(ready supervise.Ready) error {
		return json.NewEncoder(p.streams.Out).Encode(ready)
	})
}

// serveEphemeral runs a sandbox that lives no longer than this process.
func serveEphemeral(ctx context.Context, o serveOptions, onReady func(supervise.Ready) error) error {
	if err := o.nodes.check(); err != nil {
		return err
	}
	if o.name == "" {
		o.name = "run-" + strings.ToLower(rand.Text()[:10])
	}
	at, err := placeOf(o.name)
	if err != nil {
		return err
	}
	executable, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	changing, err := at.Change(ctx)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	late := time.AfterFunc(o.timeout, func() { cancel(fmt.Errorf("start sandbox %q: it took longer than %s", o.name, o.timeout)) })
	defer late.Stop()
	var released bool
	err = supervise.Run(ctx, supervise.Options{
		Place: at, Nodes: o.nodes.simulated(), RealNode: o.nodes.real(), Executable: executable,
		OnReady: func(ready supervise.Ready) error {
			late.Stop()
			released = true
			return errors.Join(changing.Release(), onReady(ready))
		},
	})
	if !released {
		err = errors.Join(err, changing.Release())
	}
	return err
}

func contextWithin(ctx context.Context, limit time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, limit, fmt.Errorf("it took longer than %s", limit))
}
