package command

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/scenario-runner/scenario-runner/sandbox/place"
	"github.com/scenario-runner/scenario-runner/sandbox/supervise"
)

const downTimeout = 30 * time.Second

func (p *program) down() *cobra.Command {
	var name string
	var all bool
	command := &cobra.Command{
		Use:   "down",
		Short: "Take a sandbox down and remove its files",
		Args:  noArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			if all {
				return p.downAll(command.Context())
			}
			at, err := placeOf(name)
			if err != nil {
				return err
			}
			return p.downOne(command.Context(), at)
		},
	}
	nameFlag(command, &name)
	command.Flags().BoolVar(&all, "all", false, "take all sandboxes down")
	command.MarkFlagsMutuallyExclusive("name", "all")
	return command
}

func (p *program) downAll(ctx context.Context) error {
	root, err := place.UserRoot()
	if err != nil {
		return err
	}
	names, err := root.Names()
	if err != nil {
		return err
	}
	var failures []error
	for _, name := range names {
		at, err := root.Place(name)
		if err == nil {
			err = p.downOne(ctx, at)
		}
		failures = append(failures, err)
	}
	if len(names) == 0 {
		fmt.Fprintln(p.streams.Out, "There is no sandbox.")
	}
	return errors.Join(failures...)
}

func (p *program) downOne(ctx context.Context, at place.Place) error {
	ctx, cancel := context.WithTimeoutCause(ctx, downTimeout, fmt.Errorf("it took longer than %s", downTimeout))
	defer cancel()
	changing, err := at.Change(ctx)
	if err != nil {
		return err
	}
	stopped, err := supervise.NewClient(at).Stop(ctx)
	if err := errors.Join(err, changing.Release()); err != nil {
		return err
	}
	if !stopped {
		fmt.Fprintf(p.streams.Out, "Sandbox %q is not up.\n", at.Name)
		return nil
	}
	fmt.Fprintf(p.streams.Out, "Sandbox %q is down.\n", at.Name)
	return nil
}
