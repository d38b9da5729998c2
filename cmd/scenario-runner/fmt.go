package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/rogpeppe/go-internal/diff"
	"github.com/spf13/cobra"

	"github.com/scenario-runner/scenario-runner/engine"
	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/format"
	"github.com/scenario-runner/scenario-runner/engine/scenario"
)

type fmtFlags struct {
	check, diff bool
}

func newFmt(s streams) *cobra.Command {
	f := &fmtFlags{}
	cmd := &cobra.Command{
		Use:     "fmt PATH...",
		Aliases: []string{"format"},
		Short:   "Lay scenario files out in the usual way",
		Long: `Lay scenario files out: fields in one order (in a step: id, name, the kind, then the rest), two spaces for each level,
at most one blank line in a row. Comments, blank lines, quotes, block texts and flow style stay. Files are rewritten in
place and their names printed; - reads standard input and writes the result to standard output.

What a file means is never changed: the result is compared with the original before it is written. Parts that can't be
laid out line by line, such as a step whose first key is not on the line of its dash, only move as a whole.`,
		Example: `  scenario-runner fmt scenarios/
  scenario-runner fmt --check --diff scenarios/     in CI: exit code 1 when a file is not laid out`,
		Args:              somePaths,
		ValidArgsFunction: completeFiles,
		RunE:              func(cmd *cobra.Command, args []string) error { return f.run(cmd, s, args) },
	}
	cmd.Flags().BoolVar(&f.check, "check", false, "write nothing; list the files that are not laid out and exit with 1 when there is one")
	cmd.Flags().BoolVar(&f.diff, "diff", false, "write nothing; print what would change")
	return cmd
}

func (f *fmtFlags) run(cmd *cobra.Command, s streams, args []string) error {
	inputs, err := findOrRead(s, args)
	if err != nil {
		return err
	}
	r, changed, broken := registry(), 0, 0
	for _, in := range inputs {
		formatted, err := format.Format(in.Path, in.Data, r)
		if err != nil {
			broken++
			if err := f.complain(cmd, s, in, err); err != nil {
				return errored(err)
			}
			continue
		}
		if bytes.Equal(formatted, in.Data) && (in.Path != standardInput || f.check || f.diff) {
			continue
		}
		changed++
		if err := f.apply(s, in, formatted); err != nil {
			return errored(err)
		}
	}
	switch {
	case broken > 0:
		return fmt.Errorf("%s could not be laid out", plural(broken, "file"))
	case f.check && changed > 0:
		return &exitError{code: exitFailed, err: fmt.Errorf("%s not laid out; run scenario-runner fmt on them", plural(changed, "file"))}
	}
	return nil
}

const standardInput = "<stdin>"

// findOrRead finds files as every command does, or reads standard input for "-".
func findOrRead(s streams, args []string) ([]engine.Input, error) {
	if !slices.Contains(args, "-") {
		return engine.Find(args, scenario.KindScenario, scenario.KindTemplate)
	}
	if len(args) > 1 {
		return nil, errors.New(`"-" means standard input; give no files with it`)
	}
	data, err := io.ReadAll(s.in)
	if err != nil {
		return nil, errored(err)
	}
	return []engine.Input{{Path: standardInput, Data: data}}, nil
}

// complain says why a file was not laid out.
func (f *fmtFlags) complain(cmd *cobra.Command, s streams, in engine.Input, err error) error {
	var list diag.List
	if !errors.As(err, &list) {
		_, err = fmt.Fprintf(s.err, "%s: %v\n", in.Path, err)
		return err
	}
	st := styleFor(cmd, s.err)
	p := diag.Printer{Source: func(string) []byte { return in.Data }, Bold: st.bold, Red: st.red, Yellow: st.yellow, Faint: st.faint}
	return p.Print(s.err, list)
}

// apply prints or writes the result for one file.
func (f *fmtFlags) apply(s streams, in engine.Input, formatted []byte) error {
	if f.diff {
		if _, err := s.out.Write(diff.Diff(in.Path, in.Data, in.Path+" (laid out)", formatted)); err != nil {
			return err
		}
	}
	switch {
	case f.diff:
		return nil
	case f.check:
		_, err := fmt.Fprintln(s.out, in.Path)
		return err
	case in.Path == standardInput:
		_, err := s.out.Write(formatted)
		return err
	}
	info, err := os.Stat(in.Path)
	if err != nil {
		return err
	}
	if err := replaceFile(in.Path, formatted, info.Mode().Perm()); err != nil {
		return err
	}
	_, err = fmt.Fprintln(s.out, in.Path)
	return err
}
