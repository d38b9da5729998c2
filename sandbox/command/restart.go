package command

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/scenario-runner/scenario-runner/sandbox/supervise"
)

func (p *program) restart() *cobra.Command {
	var name string
	var pause, timeout time.Duration
	command := &cobra.Command{
		Use:   "restart COMPONENT",
		Short: "Kill a component and start it again, to test what depends on it",
		Long: `Kill a component as a crash would, leave it down for a pause and start it again on the same port; then wait until the
API server is ready. The components are ` + strings.Join(supervise.Components(), ", ") + ".",
		Args: func(_ *cobra.Command, arguments []string) error {
			if len(arguments) != 1 {
				return usageError{fmt.Errorf("found %d components, expected one of %s", len(arguments), strings.Join(supervise.Components(), ", "))}
			}
			return atMostOneComponent(arguments)
		},
		RunE: func(command *cobra.Command, arguments []string) error {
			if pause < 0 {
				return usageError{fmt.Errorf("bad pause %s: expected zero or more", pause)}
			}
			at, err := p.aliveAt(name)
			if err != nil {
				return err
			}
			ctx, cancel := contextWithin(command.Context(), pause+timeout)
			defer cancel()
			began := time.Now()
			if err := supervise.NewClient(at).Restart(ctx, arguments[0], pause); err != nil {
				return err
			}
			_, err = fmt.Fprintf(p.streams.Out, "%s of sandbox %q has been restarted (%.1f s).\n", arguments[0], name, time.Since(began).Seconds())
			return err
		},
	}
	nameFlag(command, &name)
	command.Flags().DurationVar(&pause, "pause", 0, "how long to leave the component down")
	command.Flags().DurationVar(&timeout, "timeout", time.Minute, "how long to wait for it to come back")
	return command
}
