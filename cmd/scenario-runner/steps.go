package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/reference"
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/builtin"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

func newSteps(s streams) *cobra.Command {
	var markdown bool
	cmd := &cobra.Command{
		Use:     "steps [KIND]",
		Aliases: []string{"explain"},
		Short:   "List the step kinds, or read about one",
		Example: "  scenario-runner steps\n  scenario-runner steps waitFor",
		Args:    cobra.MaximumNArgs(1),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return registry().Names(), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error {
			r := registry()
			switch {
			case markdown:
				return reference.Markdown(s.out, r)
			case len(args) == 0:
				return listSteps(s.out, r)
			}
			d, ok := r.Get(args[0])
			if !ok {
				return fmt.Errorf("no step kind is called %q%s", args[0], diag.DidYouMean(args[0], r.Names()))
			}
			return reference.Step(s.out, d)
		},
	}
	cmd.Flags().BoolVar(&markdown, "markdown", false, "print the whole reference as Markdown")
	return cmd
}

// registry returns the steps of this program as they know the configuration, for commands that reach no cluster.
func (p *project) registry() *step.Registry {
	return builtin.New(kube.NewEnv(p.connect(kube.Options{}, false)))
}

// registry returns the steps of this program, for commands that reach no cluster and need no configuration.
func registry() *step.Registry { return builtin.New(kube.NewEnv(kube.Options{})) }

func listSteps(w io.Writer, r *step.Registry) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	var group step.Group
	for _, d := range r.Steps {
		if d.Group != group {
			if group != "" {
				fmt.Fprintln(table)
			}
			group = d.Group
			fmt.Fprintln(table, strings.ToUpper(string(group)))
		}
		fmt.Fprintf(table, "  %s\t%s\n", d.Name, d.Summary)
	}
	fmt.Fprintln(table, "\nRead about one with: scenario-runner steps KIND")
	return table.Flush()
}
