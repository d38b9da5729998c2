package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/schema"
)

// schemaOf is the JSON schema of one kind of file.
type schemaOf struct {
	kind string
	data []byte
}

func schemas() []schemaOf {
	return []schemaOf{{"scenario", schema.Scenario}, {"template", schema.Template}, {"suite", schema.Suite}, {"config", schema.Config}}
}

func schemaKinds() []string {
	var kinds []string
	for _, s := range schemas() {
		kinds = append(kinds, s.kind)
	}
	return kinds
}

func newSchema(s streams) *cobra.Command {
	return &cobra.Command{
		Use:   "schema [KIND]",
		Short: "Print the JSON schema of our files, for editors",
		Long: `Print the JSON schema (draft-07) of scenario files or, with KIND template, suite or config, of template files,
of suite files or of scenario-runner.yaml.

Save it and name it in the first line of a file, so that an editor completes and checks while you type:

  scenario-runner schema > scenario.schema.json
  # yaml-language-server: $schema=./scenario.schema.json      (VS Code, neovim, Helix, …)
  # $schema: ./scenario.schema.json                           (JetBrains, newer VS Code)`,
		Args: cobra.MaximumNArgs(1),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return schemaKinds(), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error {
			wanted := schemaKinds()[0]
			if len(args) > 0 {
				wanted = args[0]
			}
			for _, known := range schemas() {
				if known.kind == wanted {
					_, err := s.out.Write(known.data)
					return err
				}
			}
			return fmt.Errorf("unknown kind of file %q%s", wanted, diag.DidYouMean(wanted, schemaKinds()))
		},
	}
}
