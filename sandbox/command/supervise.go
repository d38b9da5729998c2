package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/scenario-runner/scenario-runner/sandbox/supervise"
)

// reportDescriptor is the file descriptor on which a detached supervisor reports to its starter.
const reportDescriptor = 3

// supervise is how up starts the process that outlives it; users have no need of it.
func (p *program) supervise() *cobra.Command {
	var name string
	var nodes nodeOptions
	command := &cobra.Command{
		Use:    "supervise",
		Short:  "Run a detached sandbox (for internal use)",
		Hidden: true,
		Args:   noArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			return runDetached(command.Context(), name, nodes)
		},
	}
	nameFlag(command, &name)
	nodesFlags(command, &nodes)
	return command
}

func runDetached(ctx context.Context, name string, nodes nodeOptions) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	reports := os.NewFile(reportDescriptor, "reports")
	if reports == nil {
		return errors.New("a detached sandbox is started by up")
	}
	defer reports.Close()
	at, err := placeOf(name)
	if err != nil {
		return err
	}
	executable, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	err = supervise.Run(ctx, supervise.Options{
		Place: at, Nodes: nodes.simulated(), RealNode: nodes.real(), Executable: executable, Detached: true,
		OnStart: func(ready supervise.Ready) error { return tell(reports, startReport{Started: &ready}) },
		OnReady: func(ready supervise.Ready) error { return tell(reports, startReport{Ready: &ready}) },
	})
	if err != nil {
		return errors.Join(err, tell(reports, startReport{Error: err.Error()}))
	}
	return nil
}

// tell writes a report. A starter that has gone away, for instance because it doesn't wait, is no failure.
func tell(reports *os.File, report startReport) error {
	content, err := json.Marshal(report)
	if err != nil {
		return fmt.Errorf("encode a report: %w", err)
	}
	_, err = reports.Write(append(content, '\n'))
	if errors.Is(err, syscall.EPIPE) {
		return nil
	}
	return err
}
