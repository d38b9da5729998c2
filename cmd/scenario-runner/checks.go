package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/scenario-runner/scenario-runner/engine/check"
	"github.com/scenario-runner/scenario-runner/engine/diag"
)

func newChecks(s streams) *cobra.Command {
	return &cobra.Command{
		Use:   "checks [NAME]",
		Short: "List what validate looks for, or read about one check",
		Long: `List the checks that validate, the language server and run make. The name of a check stands in brackets at the end of
each finding. A warning is silenced with a reason, at the end of its line or on the line above:

  # scenario-runner:ignore NAME because REASON`,
		Example: "  scenario-runner checks\n  scenario-runner checks unused-var",
		Args:    cobra.MaximumNArgs(1),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return check.Names(), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return check.List(s.out)
			}
			c, ok := check.Get(args[0])
			if !ok {
				proposal := ""
				if near := diag.Suggest(args[0], check.Names()); near != "" {
					proposal = fmt.Sprintf("; did you mean %q?", near)
				}
				return fmt.Errorf("no check is called %q%s", args[0], proposal)
			}
			return c.Text(s.out)
		},
	}
}
