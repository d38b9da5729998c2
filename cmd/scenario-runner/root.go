package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/scenario-runner/scenario-runner/engine/run"
)

// streams are where a command reads and writes. Results go to out, progress and errors to err.
type streams struct {
	in  io.Reader
	out io.Writer
	err io.Writer
}

// exitError carries an exit code. Its error, when there is one, is printed.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// The exit codes. They are documented in the README and don't change.
const (
	exitPassed       = 0
	exitFailed       = run.ExitFailed
	exitErrored      = run.ExitErrored
	exitInvalid      = 3
	exitLeft         = run.ExitLeft
	exitInconclusive = run.ExitInconclusive
	exitInterrupted  = run.ExitInterrupted
)

// errored gives err the exit code 2, unless it has one already.
func errored(err error) error {
	if _, ok := errors.AsType[*exitError](err); ok {
		return err
	}
	return &exitError{code: exitErrored, err: err}
}

const rootLong = `scenario-runner tells the story of a test in YAML: deploy this, break that, fire the alert, wait until the
platform has healed itself, assert what must be true.

  scenario-runner run --sandbox scenarios/     run scenarios on a cluster in the box
  scenario-runner validate scenarios/          find every mistake without a cluster
  scenario-runner steps waitFor                read about a step kind

Exit codes: 0 passed, 1 failed, 2 errored (could not find out), 3 invalid scenario or flags, 4 something was left
behind, 5 inconclusive, 130 interrupted.`

// execute runs the command line and returns the exit code.
func execute(ctx context.Context, args []string, s streams) int {
	root := newRoot(s)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitPassed
	}
	code := exitInvalid // a wrong flag or argument, unless the command said otherwise
	if e, ok := errors.AsType[*exitError](err); ok {
		code = e.code
	}
	if text := err.Error(); text != "" {
		fmt.Fprintln(s.err, "scenario-runner: "+strings.TrimSpace(text))
	}
	return code
}

func newRoot(s streams) *cobra.Command {
	root := &cobra.Command{
		Use:           "scenario-runner",
		Short:         "Run declarative scenarios against Kubernetes clusters",
		Long:          rootLong,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          noSuchCommand,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return cmd.Help()
		},
	}
	root.SetIn(s.in)
	root.SetOut(s.out)
	root.SetErr(s.err)
	root.PersistentFlags().String("config", "", "configuration file; without it, scenario-runner.yaml of this folder or of the nearest one above; none stands for no configuration")
	root.PersistentFlags().String("color", "auto", "colour the output: auto, always, never")
	root.AddCommand(
		newRun(s), newValidate(s), newPlan(s), newList(s), newFmt(s), newNew(s), newCleanup(s), newReport(s), newSteps(s), newChecks(s), newSchema(s), newSandbox(s), newDoctor(s), newVersion(s), newLSP(s),
	)
	completions(root)
	root.SetFlagErrorFunc(flagMistake)
	for _, cmd := range root.Commands() {
		environment(cmd)
	}
	return root
}

// environment lets SCENARIO_RUNNER_<FLAG> set a flag that is not given on the command line.
func environment(cmd *cobra.Command) {
	before := cmd.PreRunE
	cmd.PreRunE = func(cmd *cobra.Command, args []string) error {
		var problem error
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			name := variable(f.Name)
			if value, ok := os.LookupEnv(name); ok && !f.Changed && f.Name != "help" {
				if err := cmd.Flags().Set(f.Name, value); err != nil {
					problem = errors.Join(problem, fmt.Errorf("%s=%q: %w", name, value, err))
				}
			}
		})
		if problem != nil || before == nil {
			return problem
		}
		return before(cmd, args)
	}
}

// version is set at build time.
var version = "dev"
