package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/scenario-runner/scenario-runner/engine"
	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/diag/export"
	"github.com/scenario-runner/scenario-runner/engine/scenario"
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/engine/suite"
	"github.com/scenario-runner/scenario-runner/steps/builtin"
)

type validateFlags struct {
	allowEnv []string
	outputs  []string
	watch    bool
	look     lookFlags

	used []string // templates that the files named when they were last checked
}

func newValidate(s streams) *cobra.Command {
	f := &validateFlags{}
	cmd := &cobra.Command{
		Use:     "validate PATH...",
		Aliases: []string{"lint"},
		Short:   "Find every mistake in scenarios, templates and suites without a cluster",
		Long: `Check scenario files: YAML, fields, types, ids, expressions, references between steps. No cluster is touched.
Folders are searched for scenarios. Exit code 0 when all files are right, 3 when one is not.

Each finding ends with the name of its check, which scenario-runner checks NAME explains. A warning is silenced on its
line or the line above, with a reason: # scenario-runner:ignore NAME because REASON

Findings are printed as text with an excerpt. Other programs take --output json, sarif (code scanning) or github
(annotations in GitHub Actions). With --watch the files are checked again whenever one of them changes.

With --context or --kubeconfig the files are also compared with what a cluster serves: kinds that it does not have, and
the fields of its custom kinds. When they fit, the server checks each object and patch that is known before the run as
if it were applied, its quotas and admission webhooks included (a dry run). Nothing is changed there.`,
		Example: `  scenario-runner validate scenarios/
  scenario-runner validate --watch scenarios/
  scenario-runner validate --context staging scenarios/
  scenario-runner validate scenarios/ --output github --output sarif=findings.sarif`,
		Args:              somePaths,
		ValidArgsFunction: completeFiles,
		RunE: func(cmd *cobra.Command, args []string) error {
			collectSeldom()
			targets, err := parseOutputs(f.outputs, validateKinds())
			if err != nil {
				return err
			}
			check := func() error { return f.check(cmd, s, args, targets) }
			if !f.watch {
				return check()
			}
			ctx, stop := untilInterrupted(cmd.Context())
			defer stop()
			ticker := time.NewTicker(watchInterval)
			defer ticker.Stop()
			return watchFiles(ctx, func() []string { return slices.Concat(args, f.used) }, ticker.C, s.err, check)
		},
	}
	cmd.Flags().StringSliceVar(&f.allowEnv, "allow-env", nil, "environment variables that expressions may read as env.NAME")
	cmd.Flags().StringArrayVarP(&f.outputs, "output", "o", []string{"text"}, "findings as KIND[=FILE]: text, json, sarif, github, quiet (repeatable)")
	cmd.Flags().BoolVarP(&f.watch, "watch", "w", false, "check again whenever a file changes, until Ctrl-C")
	f.look.add(cmd, "compare the files with")
	completeWords(cmd, "output", validateKinds()...)
	return cmd
}

func validateKinds() []string { return []string{"text", "json", "sarif", "github", "quiet"} }

// check checks all files once and writes what was found.
func (f *validateFlags) check(cmd *cobra.Command, s streams, args []string, targets []outputTarget) error {
	p, err := openProject(cmd, s, "nothing is checked")
	if err != nil {
		return err
	}
	loaded, inputs, err := f.load(cmd.Context(), s, p, args)
	if err != nil {
		return err
	}
	result := export.Result{Diagnostics: loaded.Diagnostics, Version: buildVersion()}
	if result.Base, err = os.Getwd(); err != nil {
		return errored(err)
	}
	for _, in := range inputs {
		result.Files = append(result.Files, in.Path)
	}
	quiet := true
	for _, t := range targets {
		quiet = quiet && t.kind == "quiet"
		if err := t.write(s.out, writeFindings(cmd, s, loaded, result, t)); err != nil {
			return errored(err)
		}
	}
	return summarize(s, loaded, inputs, quiet)
}

func (f *validateFlags) load(ctx context.Context, s streams, p *project, args []string) (*engine.Loaded, []engine.Input, error) {
	inputs, err := engine.Find(args, scenario.KindScenario, scenario.KindTemplate, suite.Kind)
	if err != nil {
		return nil, nil, err
	}
	env, err := f.look.environment(ctx, s, p)
	if err != nil {
		return nil, nil, err
	}
	defer env.Close()
	registry, options := builtin.New(env), p.loading(f.allowEnv)
	suites, others := splitSuites(inputs)
	look := engine.Check
	if f.look.named() {
		look = engine.Load // the scenarios are asked about
	}
	loaded, err := look(ctx, registry, others, options)
	if err != nil {
		return nil, nil, errored(err)
	}
	if err := f.ask(ctx, s, registry, loaded, loaded.Scenarios); err != nil {
		return nil, nil, err
	}
	for _, in := range suites {
		one, err := suite.Load(ctx, registry, in.Path, in.Data, options)
		if err != nil {
			return nil, nil, errored(err)
		}
		loaded.Diagnostics = append(loaded.Diagnostics, one.Diagnostics...)
		if one.Suite == nil {
			continue
		}
		if err := f.ask(ctx, s, registry, loaded, one.Suite.Scenarios); err != nil {
			return nil, nil, err
		}
	}
	loaded.Diagnostics = loaded.Diagnostics.Sorted()
	f.used = loaded.Used()
	return loaded, inputs, nil
}

// ask has the cluster that is named check what scenarios without a mistake would change there. A scenario that stands in
// a folder and in a suite is told of once.
func (f *validateFlags) ask(ctx context.Context, s streams, r *step.Registry, loaded *engine.Loaded, scenarios []*scenario.Scenario) error {
	if !f.look.named() {
		return nil
	}
	refused, err := rehearse(ctx, s.err, r, scenarios)
	if err != nil {
		return err
	}
	for _, d := range refused {
		if !slices.ContainsFunc(loaded.Diagnostics, func(known diag.Diagnostic) bool { return known.Error() == d.Error() }) {
			loaded.Diagnostics = append(loaded.Diagnostics, d)
		}
	}
	return nil
}

// splitSuites tells suites from other files.
func splitSuites(inputs []engine.Input) (suites, others []engine.Input) {
	for _, in := range inputs {
		if engine.Headed(in.Data, suite.Kind) || strings.HasSuffix(in.Path, ".suite.yaml") || strings.HasSuffix(in.Path, ".suite.yml") {
			suites = append(suites, in)
		} else {
			others = append(others, in)
		}
	}
	return suites, others
}

// summarize ends with one line. A file that is a scenario and right counts as valid.
func summarize(s streams, loaded *engine.Loaded, inputs []engine.Input, quiet bool) error {
	errors, warnings := count(loaded.Diagnostics)
	if errors > 0 {
		return &exitError{code: exitInvalid, err: fmt.Errorf("%s in %s", plural(errors, "error"), wrongFiles(loaded.Diagnostics, inputs))}
	}
	if quiet {
		return nil
	}
	text := valid(loaded, inputs) + " valid"
	if warnings > 0 {
		text += fmt.Sprintf(", %s", plural(warnings, "warning"))
	}
	_, err := fmt.Fprintln(s.err, text)
	return err
}

// wrongFiles counts the files that have errors, templates and manifests that the files use included. Those that were asked for
// are named beside them when some of them are right.
func wrongFiles(list diag.List, inputs []engine.Input) string {
	wrong := map[string]bool{}
	for _, d := range list {
		if d.Severity == diag.Error {
			wrong[d.Range.File] = true
		}
	}
	asked := 0
	for _, in := range inputs {
		if wrong[in.Path] {
			asked++
		}
	}
	if asked == len(wrong) && asked < len(inputs) {
		return fmt.Sprintf("%d of %s", asked, plural(len(inputs), "file"))
	}
	return plural(len(wrong), "file")
}

// valid says how many files of each kind there are. A file with a matrix counts once.
func valid(loaded *engine.Loaded, inputs []engine.Input) string {
	suites, others := splitSuites(inputs)
	templates := len(loaded.Templates)
	parts := []string{plural(len(others)-templates, "scenario")}
	if templates > 0 {
		parts = append(parts, plural(templates, "template"))
	}
	if len(suites) > 0 {
		parts = append(parts, plural(len(suites), "suite"))
	}
	if len(others) == templates && len(parts) > 1 {
		parts = parts[1:]
	}
	return strings.Join(parts, " and ")
}

func count(list diag.List) (errors, warnings int) { return export.Result{Diagnostics: list}.Counts() }

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

// isScenarioFile reports whether a folder is searched for a file of this name.
func isScenarioFile(name string) bool {
	ext := filepath.Ext(name)
	return ext == ".yaml" || ext == ".yml"
}
