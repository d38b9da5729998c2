// Package command is the command line of a sandbox: it parses flags, talks to supervisors and prints. How a sandbox runs
// is the supervise package's business.
package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/scenario-runner/scenario-runner/sandbox/place"
	"github.com/scenario-runner/scenario-runner/sandbox/realnode"
	"github.com/scenario-runner/scenario-runner/sandbox/simulation"
)

// NameVariable holds the words with which the user has called this program, if another program has called it for him.
const NameVariable = "SCENARIO_RUNNER_COMMAND"

// Exit codes of the program.
const (
	exitOK      = 0
	exitFailure = 1
	exitUsage   = 2
)

// DefaultName is the name of the sandbox that is meant when none is named.
const DefaultName = "default"

const defaultNodes = 5

// Streams are where a command reads and writes.
type Streams struct {
	In  io.Reader
	Out io.Writer
	Err io.Writer
}

// ProcessStreams returns the streams of this process.
func ProcessStreams() Streams { return Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr} }

// exitError carries the exit code of a command that has said all there is to say.
type exitError struct{ code int }

// Error names the code.
func (e exitError) Error() string { return fmt.Sprintf("exit status %d", e.code) }

// usageError is a mistake in the command line.
type usageError struct{ err error }

// Error says what the mistake is.
func (e usageError) Error() string { return e.err.Error() }

// Unwrap returns the mistake.
func (e usageError) Unwrap() error { return e.err }

// program is what all commands share.
type program struct {
	streams Streams
	// name is how the user calls the program.
	name string
}

// Execute runs the command line and returns the exit code.
func Execute(ctx context.Context, streams Streams, arguments []string) int {
	name := os.Getenv(NameVariable)
	if name == "" {
		name = "scenario-runner-sandbox"
	}
	p := &program{streams: streams, name: name}
	root := p.root()
	root.SetArgs(arguments)
	root.SetIn(streams.In)
	root.SetOut(streams.Out)
	root.SetErr(streams.Err)
	err := root.ExecuteContext(ctx)
	return p.report(err)
}

func (p *program) report(err error) int {
	var exit exitError
	var usage usageError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &exit):
		return exit.code
	case errors.As(err, &usage):
		fmt.Fprintf(p.streams.Err, "error: %v\nRun %q for help.\n", err, p.name+" --help")
		return exitUsage
	}
	fmt.Fprintf(p.streams.Err, "error: %v\n", err)
	return exitFailure
}

func (p *program) root() *cobra.Command {
	root := &cobra.Command{
		// Cobra takes the first word as the name; the template below shows all of them.
		Use:   "sandbox",
		Short: "A Kubernetes cluster in the box",
		Long: `A Kubernetes cluster in the box: the real API server, controllers and scheduler with simulated nodes and pods, on the
loopback address, without root and without containers.`,
		Annotations:                map[string]string{cobra.CommandDisplayNameAnnotation: p.name},
		SilenceUsage:               true,
		SilenceErrors:              true,
		SuggestionsMinimumDistance: 2,
		CompletionOptions:          cobra.CompletionOptions{DisableDefaultCmd: true},
		Args:                       cobra.ArbitraryArgs,
		RunE: func(command *cobra.Command, arguments []string) error {
			if len(arguments) > 0 {
				return p.unknownCommand(command, arguments[0])
			}
			return command.Help()
		},
	}
	if flag := pflag.CommandLine.Lookup("version"); flag != nil {
		// A package of Kubernetes adds it to every command of the process; ours is a command.
		flag.Hidden = true
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.AddCommand(
		p.up(), p.down(), p.status(), p.kubeconfig(), p.logs(), p.restart(), p.addon(), p.loadImage(), p.exec(), p.serve(), p.version(), p.supervise(),
	)
	return root
}

func (p *program) unknownCommand(root *cobra.Command, name string) error {
	message := fmt.Sprintf("unknown command %q", name)
	if suggestions := root.SuggestionsFor(name); len(suggestions) > 0 {
		message += fmt.Sprintf("; did you mean %q?", suggestions[0])
	}
	return usageError{errors.New(message)}
}

// noArguments refuses what a command doesn't take.
func noArguments(command *cobra.Command, arguments []string) error {
	if len(arguments) > 0 {
		return usageError{fmt.Errorf("unexpected argument %q: %s takes flags only", arguments[0], command.Name())}
	}
	return nil
}

// placeOf returns the place of a named sandbox in the user's cache.
func placeOf(name string) (place.Place, error) {
	root, err := place.UserRoot()
	if err != nil {
		return place.Place{}, err
	}
	at, err := root.Place(name)
	if err != nil {
		return place.Place{}, usageError{err}
	}
	return at, nil
}

func nameFlag(command *cobra.Command, name *string) {
	command.Flags().StringVar(name, "name", DefaultName, "name of the sandbox")
}

// nodeOptions say which nodes a sandbox has.
type nodeOptions struct {
	count int
	kind  string
	// chosen says whether the user has given the number of simulated nodes.
	chosen func() bool
}

// nodesFlags adds the flags about nodes.
func nodesFlags(command *cobra.Command, o *nodeOptions) {
	flags := command.Flags()
	flags.IntVar(&o.count, "nodes", defaultNodes, "number of simulated nodes (none by default with --node real)")
	flags.StringVar(&o.kind, "node", simulation.TypeSimulated, "simulated, or real for a node whose pods really run (Linux, root)")
	o.chosen = func() bool { return flags.Changed("nodes") }
}

// real says whether there is a real node.
func (o nodeOptions) real() bool { return o.kind == simulation.TypeReal }

// simulated returns the number of simulated nodes.
func (o nodeOptions) simulated() int {
	if o.real() && !o.chosen() {
		return 0
	}
	return o.count
}

// String tells which nodes there are.
func (o nodeOptions) String() string {
	switch {
	case !o.real():
		return fmt.Sprintf("%d simulated nodes", o.simulated())
	case o.simulated() == 0:
		return "a real node"
	default:
		return fmt.Sprintf("a real node and %d simulated ones", o.simulated())
	}
}

// check finds mistakes, and what a real node lacks on this machine.
func (o nodeOptions) check() error {
	if !o.real() && o.kind != simulation.TypeSimulated {
		return usageError{fmt.Errorf("bad kind of node %q: expected %s or %s", o.kind, simulation.TypeSimulated, simulation.TypeReal)}
	}
	least := 1
	if o.real() {
		least = 0
	}
	if o.simulated() < least || o.simulated() > 1000 {
		return usageError{fmt.Errorf("bad number of nodes %d: expected %d to 1000", o.simulated(), least)}
	}
	if o.real() {
		return realnode.Check()
	}
	return nil
}
