package main

import (
	"github.com/spf13/cobra"

	"github.com/scenario-runner/scenario-runner/schema"
)

func newSchema(s streams) *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON schema of scenario files, for editors",
		Long: `Print the JSON schema (draft-07) of scenario files.

Save it and name it in the first line of a scenario, so that an editor completes and checks while you type:

  scenario-runner schema > scenario.schema.json
  # yaml-language-server: $schema=./scenario.schema.json      (VS Code, neovim, Helix, …)
  # $schema: ./scenario.schema.json                           (JetBrains, newer VS Code)`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := s.out.Write(schema.Scenario)
			return err
		},
	}
}
