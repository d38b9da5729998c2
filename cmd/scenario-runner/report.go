package main

import (
	"cmp"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/scenario-runner/scenario-runner/engine/journal"
	"github.com/scenario-runner/scenario-runner/engine/report"
)

func newReport(s streams) *cobra.Command {
	var outputs []string
	var verbose bool
	cmd := &cobra.Command{
		Use:   "report RUN",
		Short: "Render a past run again",
		Long: `Render a past run from its journal, in any kind of report. RUN is the id of a run or its folder; without it, the
newest run is taken.`,
		Example: "  scenario-runner report\n  scenario-runner report out/run --output junit=report.xml",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir, err := runFolder(args)
			if err != nil {
				return err
			}
			j, err := journal.Read(dir)
			if err != nil {
				return errored(err)
			}
			color, err := cmd.Flags().GetString("color")
			if err != nil {
				return err
			}
			return report.Render(j, outputs, report.Options{
				Stdout: s.out, Stderr: s.err, Environment: os.Environ(), Color: report.Color(color), Verbose: verbose, RunDir: dir,
				Source: func(file string) []byte {
					data, err := os.ReadFile(file)
					if err != nil {
						return nil // the file moved; the report goes without an excerpt
					}
					return data
				},
			})
		},
	}
	cmd.Flags().StringArrayVarP(&outputs, "output", "o", []string{"text"}, "report as KIND[=FILE]: "+strings.Join(report.Kinds(), ", ")+" (repeatable)")
	cmd.Flags().BoolVarP(&verbose, "verbose", "v", false, "show the steps of scenarios that passed, too")
	return cmd
}

// runFolder finds a run by folder or id; without an argument, the newest.
func runFolder(args []string) (string, error) {
	st, err := store()
	if err != nil {
		return "", err
	}
	if len(args) == 0 {
		runs, err := st.List()
		if err != nil || len(runs) == 0 {
			return "", cmp.Or(err, errNoRuns)
		}
		return runs[0].Dir, nil
	}
	if info, err := os.Stat(args[0]); err == nil && info.IsDir() {
		return args[0], nil
	}
	found, err := st.Find(args[0])
	return found.Dir, err
}
