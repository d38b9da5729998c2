package command

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/scenario-runner/scenario-runner/sandbox/supervise"
)

func (p *program) addon() *cobra.Command {
	var name string
	var timeout time.Duration
	command := &cobra.Command{
		Use:   "addon NAME",
		Short: "Start a server beside the cluster, and say how it is reached",
		Long: `Start a server beside the cluster, or find it running, and print one line of JSON that says how it is reached. It listens
on the loopback address only, and ends with the sandbox. The add-ons are ` + strings.Join(supervise.Addons(), ", ") + `; Prometheus
brings the Alertmanager that it notifies. Their programs are in the folder addons beside this one, or on PATH; those of
PostgreSQL on PATH, or where Debian has them. Its superuser gets a random password, which is in the file that is named.`,
		Args: func(_ *cobra.Command, arguments []string) error {
			if len(arguments) != 1 {
				return usageError{fmt.Errorf("found %d add-ons, expected one of %s", len(arguments), strings.Join(supervise.Addons(), ", "))}
			}
			if err := supervise.CheckAddon(arguments[0]); err != nil {
				return usageError{err}
			}
			return nil
		},
		RunE: func(command *cobra.Command, arguments []string) error {
			at, err := p.aliveAt(name)
			if err != nil {
				return err
			}
			ctx, cancel := contextWithin(command.Context(), timeout)
			defer cancel()
			started, err := supervise.NewClient(at).Addon(ctx, arguments[0])
			if err != nil {
				return err
			}
			return json.NewEncoder(p.streams.Out).Encode(started)
		},
	}
	nameFlag(command, &name)
	command.Flags().DurationVar(&timeout, "timeout", time.Minute, "how long to wait for it")
	return command
}
