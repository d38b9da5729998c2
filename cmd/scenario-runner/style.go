package main

import (
	"io"
	"os"

	"github.com/charmbracelet/colorprofile"
	"github.com/spf13/cobra"
)

// style colours text for a terminal, or leaves it as it is.
type style struct {
	bold, red, yellow, faint func(string) string
}

// styleFor decides by --color, NO_COLOR, CLICOLOR_FORCE and whether w is a terminal.
func styleFor(cmd *cobra.Command, w io.Writer) style {
	mode, err := cmd.Flags().GetString("color")
	if err != nil || mode == "never" {
		return style{}
	}
	if mode != "always" && colorprofile.Detect(w, os.Environ()) <= colorprofile.ASCII {
		return style{}
	}
	wrap := func(code string) func(string) string {
		return func(s string) string { return "\x1b[" + code + "m" + s + "\x1b[0m" }
	}
	return style{bold: wrap("1"), red: wrap("31"), yellow: wrap("33"), faint: wrap("2")}
}
