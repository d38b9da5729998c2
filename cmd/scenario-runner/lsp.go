package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/scenario-runner/scenario-runner/engine/lsp"
	"github.com/scenario-runner/scenario-runner/engine/scenario"
	"github.com/scenario-runner/scenario-runner/steps/outline"
)

func newLSP(s streams) *cobra.Command {
	var allowed []string
	cmd := &cobra.Command{
		Use:   "lsp",
		Short: "Serve an editor: diagnostics, completion, hover, renaming",
		Long: `Speak the Language Server Protocol over stdin and stdout. Editors start this command; docs/editors.md says how for
VS Code, JetBrains, Neovim and Helix. No cluster is touched.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			p, err := openProject(cmd, s, "it does not count here")
			if err != nil { // an editor is served all the same, and shows what the server says
				fmt.Fprintln(s.err, "scenario-runner: "+err.Error())
				p = noProject()
			}
			loader, err := scenario.NewLoader(p.registry(), p.loading(allowed))
			if err != nil {
				return errored(err)
			}
			err = lsp.New(loader, lsp.Options{Version: version, Objects: &outline.Objects{}}).Serve(cmd.Context(), closable(s.in), s.out)
			if errors.Is(err, lsp.ErrNoShutdown) {
				return &exitError{code: exitFailed, err: err} // the code that the protocol asks for
			}
			if err != nil {
				return errored(err)
			}
			return nil
		},
	}
	cmd.Flags().StringSliceVar(&allowed, "allow-env", nil, "environment variables that expressions may read as env.NAME")
	cmd.Flags().Bool("stdio", true, "speak over stdin and stdout, the only way there is; some clients always say so")
	return cmd
}

// closable returns the stream itself when it can be closed.
func closable(in io.Reader) io.ReadCloser {
	if c, ok := in.(io.ReadCloser); ok {
		return c
	}
	return io.NopCloser(in)
}
