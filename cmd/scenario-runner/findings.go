package main

import (
	"io"

	"github.com/spf13/cobra"

	"github.com/scenario-runner/scenario-runner/engine"
	"github.com/scenario-runner/scenario-runner/engine/diag/export"
)

// writeFindings returns what writes the findings of a check in the form that a target asks for.
func writeFindings(cmd *cobra.Command, s streams, loaded *engine.Loaded, result export.Result, t outputTarget) func(io.Writer) error {
	return func(w io.Writer) error {
		switch t.kind {
		case "json":
			return export.JSON(w, result)
		case "sarif":
			return export.SARIF(w, result)
		case "github":
			return export.GitHub(w, result)
		case "quiet":
			return export.Lines(w, result)
		}
		st := style{}
		if t.file == "" {
			st = styleFor(cmd, s.out)
		}
		return printer(loaded, st).Print(w, loaded.Diagnostics)
	}
}
