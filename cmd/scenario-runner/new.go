package main

import (
	"bufio"
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/scenario-runner/scenario-runner/engine/diag"
)

//go:embed templates/*.yaml
var templateFiles embed.FS

// template is what a new scenario is made from.
type template struct{ name, summary string }

func templates() []template {
	return []template{
		{"deploy", "deploy something and claim something about it"},
		{"chaos", "break something and claim that it comes back"},
		{"alert", "fire an alert and claim what its receiver gets"},
		{"http", "send requests and judge the answers"},
		{"remediation", "a fault, its alert, the repair, and what must be true afterwards"},
	}
}

func templateNames() []string {
	var names []string
	for _, t := range templates() {
		names = append(names, t.name)
	}
	return names
}

type newFlags struct {
	kind, template, dir string
	force               bool
}

func newNew(s streams) *cobra.Command {
	f := &newFlags{}
	var list strings.Builder
	for _, t := range templates() {
		fmt.Fprintf(&list, "  %-12s %s\n", t.name, t.summary)
	}
	cmd := &cobra.Command{
		Use:   "new [NAME]",
		Short: "Write a scenario from a template, or a template, a suite or a configuration",
		Long: `Write NAME.scenario.yaml, a scenario with comments that passes on the sandbox as it is:

` + list.String() + `
Without --template you are asked, in a terminal; elsewhere it is deploy.

--kind template writes NAME.template.yaml, --kind suite NAME.suite.yaml, --kind config scenario-runner.yaml.`,
		Example: "  scenario-runner new checkout-survives --template chaos --dir scenarios\n  scenario-runner new nightly --kind suite --dir scenarios",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if f.kind != newKinds()[0] {
				return f.writeKind(s, args)
			}
			if len(args) == 0 {
				return errors.New("a scenario needs a name, as in: scenario-runner new web-survives-pod-loss")
			}
			return f.run(cmd.Context(), s, args[0])
		},
	}
	cmd.Flags().StringVar(&f.kind, "kind", newKinds()[0], "what to write: "+strings.Join(newKinds(), ", "))
	cmd.Flags().StringVarP(&f.template, "template", "t", "", "what to start from: "+strings.Join(templateNames(), ", "))
	cmd.Flags().StringVar(&f.dir, "dir", ".", "folder to write to; it is made when it does not exist")
	cmd.Flags().BoolVar(&f.force, "force", false, "replace a file that exists")
	completeWords(cmd, "template", templateNames()...)
	completeWords(cmd, "kind", newKinds()...)
	return cmd
}

var scenarioName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?$`)

func (f *newFlags) run(ctx context.Context, s streams, name string) error {
	name = strings.TrimSuffix(name, ".scenario.yaml")
	if !scenarioName.MatchString(name) {
		return fmt.Errorf("%q is no name for a scenario: use lower-case letters, digits and inner dashes, as in web-survives-pod-loss", name)
	}
	if f.template == "" {
		chosen, err := choose(ctx, s)
		if err != nil {
			return err
		}
		f.template = chosen
	}
	if !slices.Contains(templateNames(), f.template) {
		return fmt.Errorf("--template %q: unknown template%s", f.template, diag.DidYouMean(f.template, templateNames()))
	}
	data, err := templateFiles.ReadFile("templates/" + f.template + ".yaml")
	if err != nil {
		return errored(err)
	}
	path := filepath.Join(f.dir, name+".scenario.yaml")
	written := name
	if needsQuotes(name) {
		written = strconv.Quote(name)
	}
	text := strings.NewReplacer("name: NAME\n", "name: "+written+"\n", "--sandbox FILE\n", "--sandbox "+filepath.ToSlash(path)+"\n").
		Replace(string(data))
	if err := f.write(path, text); err != nil {
		return err
	}
	if _, err := fmt.Fprintln(s.out, path); err != nil {
		return errored(err)
	}
	_, err = fmt.Fprintf(s.err, "try it: scenario-runner run --sandbox %s\n", shellWord(path))
	return err
}

// needsQuotes reports whether YAML would not read a name as text.
func needsQuotes(name string) bool {
	_, err := strconv.ParseFloat(name, 64)
	return err == nil || slices.Contains([]string{"true", "false", "null"}, name) || strings.Trim(name, "0123456789-") == ""
}

// write never replaces a file unless it was asked to.
func (f *newFlags) write(path, text string) error {
	if err := os.MkdirAll(f.dir, 0o755); err != nil {
		return errored(err)
	}
	if f.force {
		if err := replaceFile(path, []byte(text), 0o644); err != nil {
			return errored(err)
		}
		return nil
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s exists already; choose another name, or replace it with --force", path)
	}
	if err != nil {
		return errored(err)
	}
	_, err = file.WriteString(text)
	if err = errors.Join(err, file.Close()); err != nil {
		return errored(err)
	}
	return nil
}

// choose asks for a template in a terminal, and takes the first one elsewhere.
func choose(ctx context.Context, s streams) (string, error) {
	file, ok := s.in.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) { //nolint:gosec // a descriptor is small
		return templates()[0].name, nil
	}
	return ask(ctx, s.in, s.err)
}

// ask reads a number or a name.
func ask(ctx context.Context, in io.Reader, out io.Writer) (string, error) {
	for i, t := range templates() {
		fmt.Fprintf(out, "  %d  %-12s %s\n", i+1, t.name, t.summary)
	}
	fmt.Fprintf(out, "template [1]: ")
	lines := bufio.NewScanner(in)
	for ctx.Err() == nil && lines.Scan() {
		answer := strings.TrimSpace(lines.Text())
		if answer == "" {
			answer = "1"
		}
		if n, err := strconv.Atoi(answer); err == nil && n >= 1 && n <= len(templates()) {
			return templates()[n-1].name, nil
		}
		if slices.Contains(templateNames(), answer) {
			return answer, nil
		}
		fmt.Fprintf(out, "%q is neither a number from 1 to %d nor a name\ntemplate [1]: ", answer, len(templates()))
	}
	if err := errors.Join(lines.Err(), ctx.Err()); err != nil {
		return "", errored(err)
	}
	return "", errors.New("no template was chosen; give --template")
}
