// The remediator is a teaching example: a small program that receives alerts from
// Alertmanager and repairs what they complain about, by a rule file. It is the system
// under test of our scenarios and not a part of the product.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/rule"
)

// The exit codes.
const (
	exitDone  = 0
	exitError = 1
	exitUsage = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// After the first signal the default takes over again: a second one ends the process at once.
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// options are the flags.
type options struct {
	listen     string
	kubeconfig string
	context    string
	rules      string
	history    string
	logFormat  string
	parallel   int
	dryRun     bool
	clusters   clusterFlags
	via        relays
	audit      string
	notify     string
	database   string
	events     string
	model      modelOptions
}

// run is main without the process around it.
func run(ctx context.Context, arguments []string, stdout, stderr io.Writer) int {
	opts, err := parseFlags(arguments, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return exitDone
	case err != nil:
		fmt.Fprintf(stderr, "remediator: %v\n", err)
		return exitUsage
	}
	rules, err := rule.Load(opts.rules)
	if err != nil {
		fmt.Fprintln(stderr, err)
		return exitUsage
	}
	log := slog.New(logHandler(opts.logFormat, stderr))
	if err := serve(ctx, opts, rules, log, stdout); err != nil {
		fmt.Fprintf(stderr, "remediator: %v\n", err)
		return exitError
	}
	return exitDone
}

// parseFlags reads the flags and checks what does not need the outside world.
func parseFlags(arguments []string, stderr io.Writer) (options, error) {
	var opts options
	flags := flag.NewFlagSet("remediator", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&opts.listen, "listen", "127.0.0.1:0", "`address` to serve HTTP on; port 0 takes a free one")
	flags.StringVar(&opts.kubeconfig, "kubeconfig", os.Getenv("KUBECONFIG"), "kubeconfig `file`; without it the cluster that the process runs in")
	flags.StringVar(&opts.context, "context", "", "`name` of the kubeconfig context; the current one if it is empty")
	flags.StringVar(&opts.rules, "rules", "", "rule `file` (required)")
	flags.StringVar(&opts.history, "history", "", "`file` to which every change of the history is appended as a line of JSON")
	flags.StringVar(&opts.logFormat, "log-format", "text", "text or json")
	flags.IntVar(&opts.parallel, "parallel", 16, "how many actions run at once")
	flags.BoolVar(&opts.dryRun, "dry-run", false, "send changes for admission and validation only")
	flags.Var(&opts.clusters, "cluster", "`name=kubeconfig[,context]` of a further cluster, for alerts with the label cluster (repeatable)")
	flags.Var(&opts.via, "via", "`name=host:port` of a relay over which the API server of a further cluster is reached (repeatable)")
	flags.StringVar(&opts.audit, "audit", "", "`file` of the audit log, chained by hashes")
	flags.StringVar(&opts.events, "events", "", "`namespace` whose warning events count as alerts")
	flags.StringVar(&opts.notify, "notify", "", "`URL` to which the end of every alert is posted")
	flags.StringVar(&opts.database, "database", os.Getenv("REMEDIATOR_DATABASE"), "PostgreSQL `URL` for the history of actions (or the variable REMEDIATOR_DATABASE)")
	opts.model.declare(flags)
	if err := flags.Parse(arguments); err != nil {
		return opts, err
	}
	return opts, opts.check(flags.Args())
}

// check refuses flags that contradict each other or name nothing.
func (o options) check(rest []string) error {
	switch {
	case len(rest) > 0:
		return fmt.Errorf("found argument %q, expected flags only", rest[0])
	case o.rules == "":
		return errors.New("the flag --rules is missing; name a rule file")
	case o.logFormat != "text" && o.logFormat != "json":
		return fmt.Errorf("found --log-format %q, expected text or json", o.logFormat)
	case o.parallel < 1:
		return fmt.Errorf("found --parallel %d, expected 1 or more", o.parallel)
	case o.context != "" && o.kubeconfig == "":
		return errors.New("the flag --context needs --kubeconfig")
	}
	return errors.Join(o.model.check(), o.clusters.over(o.via))
}

// logHandler returns the handler for a log format.
func logHandler(format string, w io.Writer) slog.Handler {
	if format == "json" {
		return slog.NewJSONHandler(w, nil)
	}
	return slog.NewTextHandler(w, nil)
}
