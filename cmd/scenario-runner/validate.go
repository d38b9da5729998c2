package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/scenario-runner/scenario-runner/engine"
	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/steps/builtin"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

func newValidate(s streams) *cobra.Command {
	var allowed []string
	cmd := &cobra.Command{
		Use:     "validate PATH...",
		Aliases: []string{"lint"},
		Short:   "Find every mistake in scenario files without a cluster",
		Long: `Check scenario files: YAML, fields, types, ids, expressions, references between steps. No cluster is touched.
Folders are searched for scenarios. Exit code 0 when all files are right, 3 when one is not.`,
		Example: "  scenario-runner validate scenarios/\n  scenario-runner validate one.scenario.yaml",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			env := kube.NewEnv(kube.Options{})
			defer env.Close()
			inputs, err := engine.Find(args)
			if err != nil {
				return err
			}
			loaded, err := engine.Load(cmd.Context(), builtin.New(env), inputs, allowed)
			if err != nil {
				return errored(err)
			}
			if err := printer(loaded, styleFor(cmd, s.out)).Print(s.out, loaded.Diagnostics); err != nil {
				return errored(err)
			}
			return summarize(s, loaded, len(inputs))
		},
	}
	cmd.Flags().StringSliceVar(&allowed, "allow-env", nil, "environment variables that expressions may read as env.NAME")
	return cmd
}

func summarize(s streams, loaded *engine.Loaded, files int) error {
	errors, warnings := count(loaded.Diagnostics)
	if errors == 0 {
		text := fmt.Sprintf("%s valid", plural(files, "scenario"))
		if warnings > 0 {
			text += fmt.Sprintf(", %s", plural(warnings, "warning"))
		}
		_, err := fmt.Fprintln(s.err, text)
		return err
	}
	return &exitError{code: exitInvalid, err: fmt.Errorf("%s in %s", plural(errors, "error"), plural(files, "file"))}
}

func count(list diag.List) (errors, warnings int) {
	for _, d := range list {
		if d.Severity == diag.Error {
			errors++
		} else {
			warnings++
		}
	}
	return errors, warnings
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// printer draws diagnostics of loaded files.
func printer(loaded *engine.Loaded, st style) diag.Printer {
	return diag.Printer{Source: loaded.Source, Bold: st.bold, Red: st.red, Yellow: st.yellow, Faint: st.faint}
}
