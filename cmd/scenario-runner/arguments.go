package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/scenario-runner/scenario-runner/engine"
	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/scenario"
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/engine/suite"
)

// arguments is what the paths on a command line stand for: scenarios, or those of one suite.
type arguments struct {
	scenarios []*scenario.Scenario
	suite     *suite.Suite // nil when no suite is named
	file      string       // of the suite
	source    func(file string) []byte
}

// loadArguments loads what paths name for a command that needs all of it to be right. Mistakes are printed; consequence
// says what does not happen because of them. clusters are names of clusters that flags give.
func (p *project) loadArguments(ctx context.Context, cmd *cobra.Command, s streams, r *step.Registry, paths, allowEnv []string, consequence string, clusters ...string) (*arguments, error) {
	named, err := suiteAmong(paths)
	if err != nil {
		return nil, err
	}
	out, diags, err := &arguments{}, diag.List(nil), error(nil)
	if named != "" {
		diags, err = out.loadSuite(ctx, r, named, p.loading(allowEnv, clusters...))
	} else {
		diags, err = out.loadScenarios(ctx, r, paths, p.loading(allowEnv, clusters...))
	}
	if err != nil {
		return nil, err
	}
	if diags.HasErrors() {
		st := styleFor(cmd, s.err)
		draw := diag.Printer{Source: out.source, Bold: st.bold, Red: st.red, Yellow: st.yellow, Faint: st.faint}
		if err := draw.Print(s.err, diags); err != nil {
			return nil, errored(err)
		}
		errors, _ := count(diags)
		return nil, fmt.Errorf("%s; %s", plural(errors, "error"), consequence)
	}
	return out, nil
}

func (a *arguments) loadScenarios(ctx context.Context, r *step.Registry, paths []string, o scenario.Options) (diag.List, error) {
	inputs, err := engine.Find(paths)
	if err != nil {
		return nil, err
	}
	loaded, err := engine.Load(ctx, r, inputs, o)
	if err != nil {
		return nil, interruptedOr(ctx, err)
	}
	a.scenarios, a.source = loaded.Scenarios, loaded.Source
	return loaded.Diagnostics, nil
}

func (a *arguments) loadSuite(ctx context.Context, r *step.Registry, file string, o scenario.Options) (diag.List, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	loaded, err := suite.Load(ctx, r, file, data, o)
	if err != nil {
		return nil, interruptedOr(ctx, err)
	}
	a.source, a.file = loaded.Source, file
	if a.suite = loaded.Suite; a.suite != nil {
		a.scenarios = a.suite.Scenarios
	}
	return loaded.Diagnostics, nil
}

// interruptedOr gives err the exit code of an interrupt when there was one, else that of an error.
func interruptedOr(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return &exitError{code: exitInterrupted, err: err}
	}
	return errored(err)
}

// suiteAmong returns the suite among paths, "" when there is none. A suite says by itself what runs, so it stands alone.
func suiteAmong(paths []string) (string, error) {
	i := slices.IndexFunc(paths, isSuite)
	switch {
	case i < 0:
		return "", nil
	case len(paths) > 1:
		return "", fmt.Errorf("%s is a suite and runs alone; name the other files in it, or run them by themselves", paths[i])
	}
	return paths[i], nil
}

// isSuite reports whether a path names a suite file, also a broken one.
func isSuite(path string) bool {
	info, err := os.Stat(path)
	if err != nil || info.IsDir() {
		return false
	}
	if name := filepath.Base(path); strings.HasSuffix(name, ".suite.yaml") || strings.HasSuffix(name, ".suite.yml") {
		return true
	}
	data, err := os.ReadFile(path)
	return err == nil && engine.Headed(data, suite.Kind)
}
