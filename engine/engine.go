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
	"github.com/scenario-runner/scenario-runner/engine/step"
)

// Loaded is the result of loading files.
type Loaded struct {
	Scenarios   []*scenario.Scenario // the files without an error, in the order of the inputs
	Diagnostics diag.List            // of all files, sorted
	sources     map[string][]byte
}

// Source returns the text of a loaded file, for printing excerpts.
func (l *Loaded) Source(file string) []byte { return l.sources[file] }

// Load checks files in parallel.
func Load(ctx context.Context, r *step.Registry, inputs []Input, options scenario.Options) (*Loaded, error) {
	loader, err := scenario.NewLoader(r, options)
	if err != nil {
		return nil, err
	}
	type result struct {
		scenario *scenario.Scenario
		diags    diag.List
	}
	results := make([]result, len(inputs))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, in := range inputs {
		group.Go(func() error {
			results[i].scenario, results[i].diags = loader.Load(in.Path, in.Data)
			return ctx.Err()
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	out := &Loaded{sources: map[string][]byte{}}
	for i, in := range inputs {
		out.sources[in.Path] = in.Data
		out.Diagnostics = append(out.Diagnostics, results[i].diags...)
		if s := results[i].scenario; s != nil {
			out.Scenarios = append(out.Scenarios, s)
		}
	}
	out.duplicates()
	out.Diagnostics = out.Diagnostics.Sorted()
	return out, nil
}

// duplicates warns of scenarios that share a name, which makes reports ambiguous.
func (l *Loaded) duplicates() {
	first := map[string]*scenario.Scenario{}
	for _, s := range l.Scenarios {
		if other, ok := first[s.Name]; ok {
			l.Diagnostics.Warn(s.File.Range(s.File.Root), "duplicate-name", "name %q is also used by %s", s.Name, other.Key)
			continue
		}
		first[s.Name] = s
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
