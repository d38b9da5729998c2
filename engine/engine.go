// Package engine loads scenario files and runs them. It knows scenarios and steps; it knows no Kubernetes: step kinds
// come from a registry that the program hands in.
//
//	inputs, err := engine.Find(paths)
//	loaded := engine.Load(ctx, registry, inputs, scenario.Options{})
//	outcome, err := run.Run(ctx, loaded.Scenarios, options)
package engine

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/scenario"
	"github.com/scenario-runner/scenario-runner/engine/source"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

// Loaded is the result of loading files.
type Loaded struct {
	Scenarios   []*scenario.Scenario // the files without an error, in the order of the inputs
	Templates   []*step.Template     // those of the files that are templates and have no error
	Diagnostics diag.List            // of all files, sorted
	sources     map[string][]byte
	loader      *scenario.Loader
}

// Source returns the text of a loaded file, also of a template that one of them uses, for printing excerpts.
func (l *Loaded) Source(file string) []byte {
	if data, ok := l.sources[file]; ok {
		return data
	}
	return l.loader.Source(file)
}

// Used lists the template files that were read, those among the inputs included, sorted.
func (l *Loaded) Used() []string { return l.loader.Files() }

// Load checks files in parallel.
func Load(ctx context.Context, r *step.Registry, inputs []Input, options scenario.Options) (*Loaded, error) {
	return load(ctx, r, inputs, options, true)
}

// Check checks files as Load does and keeps no scenario: the memory that it takes hardly grows with their number.
func Check(ctx context.Context, r *step.Registry, inputs []Input, options scenario.Options) (*Loaded, error) {
	return load(ctx, r, inputs, options, false)
}

// checked is what is known of a file once it is checked.
type checked struct {
	scenarios []*scenario.Scenario // none when they are not kept
	template  *step.Template
	names     []named    // of the scenarios; none when the file is wrong
	at        diag.Range // of the name
	diags     diag.List
}

// named is a scenario's name and its unique key.
type named struct{ name, key string }

func check(loader *scenario.Loader, in Input, keep bool) checked {
	opened := loader.Open(in.Path, in.Data)
	c := checked{template: opened.Template, diags: opened.Diagnostics}
	for _, s := range opened.Scenarios {
		c.names = append(c.names, named{s.Name, s.Key})
		c.at = s.NamedAt()
	}
	if keep {
		c.scenarios = opened.Scenarios
	}
	if kind, _ := source.Lookup(opened.File.Root, "kind"); opened.Kind == scenario.KindTemplate && !slices.Contains(in.kinds, opened.Kind) {
		c.diags.Add(opened.File.Range(kind), "not-runnable", "a template does not run by itself; name it in a use step of a scenario")
	}
	return c
}

func load(ctx context.Context, r *step.Registry, inputs []Input, options scenario.Options, keep bool) (*Loaded, error) {
	loader, err := scenario.NewLoader(r, options)
	if err != nil {
		return nil, err
	}
	for _, in := range inputs {
		if headed(in.Data, scenario.KindTemplate) {
			loader.Provide(in.Path, in.Data)
		}
	}
	files := make([]checked, len(inputs))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, in := range inputs {
		group.Go(func() error {
			files[i] = check(loader, in, keep)
			return ctx.Err()
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	out := &Loaded{sources: make(map[string][]byte, len(inputs)), loader: loader}
	for i, in := range inputs {
		out.sources[in.Path] = in.Data
		out.Diagnostics = append(out.Diagnostics, files[i].diags...)
		out.Scenarios = append(out.Scenarios, files[i].scenarios...)
		if t := files[i].template; t != nil {
			out.Templates = append(out.Templates, t)
		}
	}
	out.duplicates(files)
	out.Diagnostics = out.Diagnostics.Sorted()
	return out, nil
}

// duplicates warns of scenarios that share a name, which makes reports ambiguous.
func (l *Loaded) duplicates(files []checked) {
	first := make(map[string]string, len(files))
	for _, f := range files {
		for _, n := range f.names {
			if other, ok := first[n.name]; ok {
				l.Diagnostics.Warn(f.at, "duplicate-name", "name %q is also used by %s", n.name, other)
				continue
			}
			first[n.name] = n.key
		}
	}
}

// Selection narrows what is run.
type Selection struct {
	Labels []string       // "key=value", "key!=value" or "key"; all must match
	Name   *regexp.Regexp // nil means every name
}

// Select returns the scenarios that match. Selecting nothing is an error: it is never a silent pass.
func Select(all []*scenario.Scenario, s Selection) ([]*scenario.Scenario, error) {
	var out []*scenario.Scenario
	for _, sc := range all {
		if s.matches(sc) {
			out = append(out, sc)
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("nothing is selected: none of the %d scenarios matches%s", len(all), s.describe())
	}
	return out, nil
}

func (s Selection) describe() string {
	var parts []string
	for _, l := range s.Labels {
		parts = append(parts, fmt.Sprintf("label %q", l))
	}
	if s.Name != nil {
		parts = append(parts, fmt.Sprintf("name %q", s.Name))
	}
	return cmp.Or(" "+strings.Join(parts, " and "), "")
}

func (s Selection) matches(sc *scenario.Scenario) bool {
	if s.Name != nil && !s.Name.MatchString(sc.Name) {
		return false
	}
	return !slices.ContainsFunc(s.Labels, func(l string) bool { return !matchesLabel(sc.Labels, l) })
}

func matchesLabel(labels map[string]string, selector string) bool {
	if key, value, ok := strings.Cut(selector, "!="); ok {
		return labels[key] != value
	}
	if key, value, ok := strings.Cut(selector, "="); ok {
		have, present := labels[key]
		return present && have == value
	}
	_, present := labels[selector]
	return present
}
