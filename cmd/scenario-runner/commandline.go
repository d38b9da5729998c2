package main

import (
	"errors"
	"fmt"
	"regexp"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/scenario-runner/scenario-runner/engine/diag"
)

// somePaths wants files or folders.
func somePaths(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("name files or folders, as in: %s scenarios/", cmd.CommandPath())
	}
	return nil
}

// noSuchCommand refuses arguments of the program itself: the first would be the name of a command.
func noSuchCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	names := []string{"help"}
	for _, c := range cmd.Commands() {
		names = append(names, c.Name())
	}
	if near := diag.Suggest(args[0], names); near != "" {
		return fmt.Errorf("there is no command %q; did you mean %q?", args[0], near)
	}
	return fmt.Errorf("there is no command %q; see %s --help", args[0], cmd.CommandPath())
}

var unknownFlag = regexp.MustCompile(`^unknown flag: --(\S+)$`)

// flagMistake says what is wrong with a flag, and which one may be meant.
func flagMistake(cmd *cobra.Command, err error) error {
	if errors.Is(err, pflag.ErrHelp) {
		return err
	}
	if found := unknownFlag.FindStringSubmatch(err.Error()); found != nil {
		var names []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
		if near := diag.Suggest(found[1], names); near != "" {
			return fmt.Errorf("%w; did you mean --%s?", err, near)
		}
	}
	return fmt.Errorf("%w; see %s --help", err, cmd.CommandPath())
}
