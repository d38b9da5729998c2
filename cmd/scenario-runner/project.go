package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/scenario-runner/scenario-runner/engine/config"
	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/report"
	"github.com/scenario-runner/scenario-runner/engine/scenario"
	"github.com/scenario-runner/scenario-runner/steps/kube"
)

// noConfig is the value of --config that stands for none.
const noConfig = "none"

// project is the configuration that a command works with, and what follows from it.
type project struct {
	*config.Config
	home string
}

// openProject reads the configuration that --config names, or the one of the present folder. Mistakes are printed;
// consequence says what does not happen because of them.
func openProject(cmd *cobra.Command, s streams, consequence string) (*project, error) {
	file, err := configFile(cmd)
	if err != nil {
		return nil, err
	}
	p, diags, data, err := readProject(file)
	if err != nil {
		return nil, err
	}
	if len(diags) > 0 {
		st := styleFor(cmd, s.err)
		draw := diag.Printer{Source: func(string) []byte { return data }, Bold: st.bold, Red: st.red, Yellow: st.yellow, Faint: st.faint}
		if err := draw.Print(s.err, diags); err != nil {
			return nil, errored(err)
		}
	}
	if p == nil {
		errors, _ := count(diags)
		return nil, fmt.Errorf("%s in %s; %s", plural(errors, "error"), file, consequence)
	}
	return p, nil
}

// configFile returns the name of the configuration, "" when there is none.
func configFile(cmd *cobra.Command) (string, error) {
	file, err := cmd.Flags().GetString("config")
	if err != nil || file == noConfig {
		return "", err
	}
	if file != "" {
		if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("--config %s: no such file; %s stands for no configuration at all", file, noConfig)
		}
		return file, nil
	}
	here, err := os.Getwd()
	if err != nil {
		return "", errored(err)
	}
	if file, err = config.Find(here); err != nil || file == "" {
		return "", err
	}
	if short, err := filepath.Rel(here, file); err == nil {
		file = short
	}
	return file, nil
}

// readProject checks a configuration. The project is nil when it has mistakes, which are among the diagnostics.
func readProject(file string) (p *project, diags diag.List, data []byte, err error) {
	p = noProject()
	if file == "" {
		return p, nil, nil, nil
	}
	if data, err = os.ReadFile(file); err != nil {
		return nil, nil, nil, fmt.Errorf("--config: %w", err)
	}
	p.Config, diags = config.Load(file, data, config.Options{Kinds: registry().Names(), Outputs: report.Kinds()})
	if p.Config == nil {
		p = nil
	}
	return p, diags, data, nil
}

// noProject is the project of a folder without a configuration.
func noProject() *project {
	home, _ := os.UserHomeDir() // without one, ~/ means nothing special
	return &project{Config: &config.Config{}, home: home}
}

func (p *project) path(path string) string { return p.Path(path, p.home) }

func (p *project) paths(paths []string) []string {
	var out []string
	for _, path := range paths {
		out = append(out, p.path(path))
	}
	return out
}

// environment returns the environment variables that expressions may read: those of the project and those of a flag.
func (p *project) environment(flag []string) []string {
	names := slices.Concat(p.Environment, flag)
	slices.Sort(names)
	return slices.Compact(names)
}

// loading returns what the loader of scenarios has to know.
func (p *project) loading(allowEnv []string, clusters ...string) scenario.Options {
	o := scenario.Options{Environment: p.environment(allowEnv)}
	if p.File() == "" {
		return o
	}
	o.Root, o.Library = p.Dir(), p.paths(p.Library)
	o.Rules = &config.Rules{Config: p.Config, Clusters: clusters, Changing: changingKinds()}
	return o
}

// changingKinds returns the step kinds that change the objects that they name, whatever else they say.
func changingKinds() []string {
	return []string{"deploy", "injectChaos", "patch", "delete", "scale", "exec"}
}

// connect adds to the options of clusters what the configuration says. The cluster in the box leaves no room for others:
// whoever asks for it wants to touch nothing else, unless a flag names it.
func (p *project) connect(o kube.Options, sandbox bool) kube.Options {
	o.CRDs = p.paths(p.CRDs)
	o.Settings = p.settings()
	o.Settings.Addons = possibleAddons{}
	if sandbox {
		return o
	}
	if usual, ok := p.Clusters[config.Default]; ok && o.Kubeconfig == "" {
		o.Kubeconfig = p.path(usual.Kubeconfig)
		o.Context = cmp.Or(o.Context, usual.Context)
	}
	for _, name := range slices.Sorted(maps.Keys(p.Clusters)) {
		if _, given := o.Clusters[name]; given || name == config.Default {
			continue
		}
		if o.Clusters == nil {
			o.Clusters = map[string]kube.Connection{}
		}
		o.Clusters[name] = kube.Connection{Kubeconfig: p.path(p.Clusters[name].Kubeconfig), Context: p.Clusters[name].Context}
	}
	return o
}

// reportFile puts the file of a report beside the configuration that asks for it.
func (p *project) reportFile(output string) string {
	kind, file, ok := strings.Cut(output, "=")
	if !ok {
		return output
	}
	return kind + "=" + p.path(file)
}
