package main

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"reflect"
	"slices"

	"github.com/spf13/cobra"

	"github.com/scenario-runner/scenario-runner/engine/config"
	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/field"
	"github.com/scenario-runner/scenario-runner/engine/lsp"
	"github.com/scenario-runner/scenario-runner/engine/report"
	"github.com/scenario-runner/scenario-runner/engine/scenario"
	"github.com/scenario-runner/scenario-runner/engine/suite"
	"github.com/scenario-runner/scenario-runner/steps/outline"
)

func newLSP(s streams) *cobra.Command {
	var allowed []string
	cmd := &cobra.Command{
		Use:   "lsp",
		Short: "Serve an editor: diagnostics, completion, hover, renaming",
		Long: `Speak the Language Server Protocol over stdin and stdout. Editors start this command; docs/editors.md says how for
VS Code, JetBrains, Neovim, Helix and others. No cluster is touched.

The configuration that counts for a file is the scenario-runner.yaml of its folder or of the nearest one above, unless
--config names another.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			buffers := &lsp.Buffers{}
			served := &served{cmd: cmd, allowed: allowed, buffers: buffers, fallback: noProject()}
			if _, err := served.loader(served.fallback); err != nil {
				return errored(err)
			}
			options := lsp.Options{Version: version, Project: served.project, Kinds: served.kinds(cmd.Context()), Buffers: buffers}
			err := lsp.New(registry(), options).Serve(cmd.Context(), closable(s.in), s.out)
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

// served finds the projects of the files that an editor opens.
type served struct {
	cmd      *cobra.Command
	allowed  []string
	buffers  *lsp.Buffers
	fallback *project
}

// project returns what the files of a folder are checked with. A configuration with mistakes does not count: they are
// shown when the editor opens it.
func (s *served) project(dir string) lsp.Project {
	p := s.open(dir)
	loader, err := s.loader(p)
	if err != nil {
		p = s.fallback
		loader, _ = s.loader(p) // was made before
	}
	return lsp.Project{Loader: loader, Objects: &outline.Objects{Shared: p.paths(p.CRDs)}, Library: p.paths(p.Library)}
}

func (s *served) loader(p *project) (*scenario.Loader, error) {
	options := p.loading(s.allowed)
	options.ReadFile = s.buffers.ReadFile
	return scenario.NewLoader(p.registry(), options)
}

// open reads the configuration that counts for a folder.
func (s *served) open(dir string) *project {
	file, err := s.cmd.Flags().GetString("config")
	switch {
	case err != nil, file == noConfig, dir == "" && file == "":
		return s.fallback
	case file == "":
		file, err = config.Find(dir)
	}
	if err != nil || file == "" {
		return s.fallback
	}
	if file, err = filepath.Abs(file); err != nil {
		return s.fallback
	}
	p, _, _, err := readProject(file)
	if err != nil || p == nil {
		return s.fallback
	}
	return p
}

// kinds are the files beside scenarios and templates that an editor is served for.
func (s *served) kinds(ctx context.Context) []lsp.FileKind {
	steps := registry()
	options := config.Options{Kinds: steps.Names(), Outputs: report.Kinds()}
	return []lsp.FileKind{
		{
			Kind: config.KindConfig, Suffix: "scenario-runner", Fields: field.Describe(reflect.TypeFor[config.Config]()).Fields,
			Check: func(file string, data []byte) diag.List {
				_, found := config.Load(file, data, options)
				return found
			},
		},
		{Kind: suite.Kind, Suffix: ".suite", Fields: suite.Fields(), Check: func(file string, data []byte) diag.List {
			dir := ""
			if filepath.IsAbs(file) {
				dir = filepath.Dir(file)
			}
			p := s.open(dir)
			options := p.loading(s.allowed)
			options.ReadFile = s.buffers.ReadFile
			loaded, err := suite.Load(ctx, p.registry(), file, data, options)
			if err != nil {
				return nil // the editor has gone, or the disk has: nothing can be said of the suite
			}
			return slices.DeleteFunc(loaded.Diagnostics, func(d diag.Diagnostic) bool { return d.Range.File != file })
		}},
	}
}

// closable returns the stream itself when it can be closed.
func closable(in io.Reader) io.ReadCloser {
	if c, ok := in.(io.ReadCloser); ok {
		return c
	}
	return io.NopCloser(in)
}
