package command

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/scenario-runner/scenario-runner/sandbox/supervise"
)

func (p *program) status() *cobra.Command {
	var name string
	var asJSON bool
	command := &cobra.Command{
		Use:   "status",
		Short: "Show the components, the memory and the nodes of a sandbox",
		Long:  `Show the components, the memory and the nodes of a sandbox. The exit code is 0 if it is up and 1 otherwise.`,
		Args:  noArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			return p.runStatus(command.Context(), name, asJSON)
		},
	}
	nameFlag(command, &name)
	command.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return command
}

func (p *program) runStatus(ctx context.Context, name string, asJSON bool) error {
	at, err := placeOf(name)
	if err != nil {
		return err
	}
	status, err := supervise.NewClient(at).Status(ctx)
	if err != nil {
		return err
	}
	if asJSON {
		err = p.printJSON(status)
	} else {
		err = p.printStatus(status)
	}
	if err == nil && status.State != supervise.StateUp {
		return exitError{exitFailure}
	}
	return err
}

func (p *program) printStatus(status supervise.Status) error {
	if status.State == supervise.StateDown && len(status.Left) > 0 {
		_, err := fmt.Fprintf(p.streams.Out, "Sandbox %q is down, but it was killed and has left %s. Remove that with %q.\n",
			status.Name, strings.Join(status.Left, " and "), p.name+" down --name "+status.Name)
		return err
	}
	if status.State == supervise.StateDown {
		_, err := fmt.Fprintf(p.streams.Out, "Sandbox %q is down. Bring it up with %q.\n", status.Name, p.name+" up --name "+status.Name)
		return err
	}
	var text strings.Builder
	fmt.Fprintf(&text, "Sandbox %q is %s, pid %d, for %s, %s resident.\n", status.Name, status.State, status.PID, seconds(status.UptimeSeconds), mebibytes(status.MemoryBytes))
	fmt.Fprintf(&text, "  kubeconfig  %s\n  context     %s\n  server      %s\n  nodes       %d, of which %d are ready (%s)\n\n",
		status.Kubeconfig, status.Context, status.Server, status.Nodes.Total, status.Nodes.Ready, kindOfNodes(status))
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "COMPONENT\tSTATE\tPID\tMEMORY\tUPTIME")
	for _, component := range status.Components {
		if component.Inside {
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", component.Name, component.State, "inside", mebibytes(component.MemoryBytes), seconds(component.UptimeSeconds))
			continue
		}
		if component.State == supervise.StateRunning {
			fmt.Fprintf(table, "%s\t%s\t%d\t%s\t%s\n", component.Name, component.State, component.PID, mebibytes(component.MemoryBytes), seconds(component.UptimeSeconds))
			continue
		}
		fmt.Fprintf(table, "%s\t%s\t-\t-\t-\n", component.Name, component.State)
	}
	err := table.Flush()
	for _, component := range status.Components {
		if component.State == supervise.StateCrashed {
			fmt.Fprintf(&text, "\n%s has ended by itself (%s); the end of its log:\n  %s\n", component.Name, component.Exit, strings.ReplaceAll(component.LogTail, "\n", "\n  "))
		}
	}
	if status.Problem != "" {
		fmt.Fprintf(&text, "\nNot everything could be found out: %s\n", status.Problem)
	}
	_, printed := fmt.Fprint(p.streams.Out, text.String())
	return errors.Join(err, printed)
}

func kindOfNodes(status supervise.Status) string {
	switch {
	case status.RealNode == "":
		return "simulated"
	case status.Nodes.Total > 1:
		return status.RealNode + " is real, the others are simulated"
	default:
		return status.RealNode + " is real"
	}
}

func seconds(count int64) string { return (time.Duration(count) * time.Second).String() }

func mebibytes(bytes int64) string { return fmt.Sprintf("%d MiB", (bytes+1<<19)>>20) }
