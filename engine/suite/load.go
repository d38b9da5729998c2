package suite

import (
	"context"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/scenario-runner/scenario-runner/engine"
	"github.com/scenario-runner/scenario-runner/engine/check"
	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/field"
	"github.com/scenario-runner/scenario-runner/engine/scenario"
	"github.com/scenario-runner/scenario-runner/engine/source"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

// Loaded is the result of loading a suite.
type Loaded struct {
	Suite       *Suite    // nil when there is an error
	Diagnostics diag.List // of the suite and of its scenarios, sorted
	Files       []string  // the suite and the scenarios that it names
	file        *source.File
	scenarios   *engine.Loaded
}

// Source returns the text of a loaded file, for printing excerpts.
func (l *Loaded) Source(file string) []byte {
	if file == l.file.Name {
		return l.file.Data
	}
	if l.scenarios == nil {
		return nil
	}
	return l.scenarios.Source(file)
}

// Load checks a suite and the scenarios that it names.
func Load(ctx context.Context, r *step.Registry, name string, data []byte, options scenario.Options) (*Loaded, error) {
	loader, err := scenario.NewLoader(r, options)
	if err != nil {
		return nil, err
	}
	file, diags := source.Parse(name, data)
	out := &Loaded{file: file, Files: []string{name}}
	if file.Root == nil {
		out.Diagnostics = diags.Sorted()
		return out, nil
	}
	l := &load{ctx: ctx, registry: r, options: options, loader: loader, file: file, out: out, diags: diags, suite: &Suite{File: file, Order: Listed}}
	if err := l.run(); err != nil {
		return nil, err
	}
	out.Diagnostics = check.Silence(file, l.diags).Sorted()
	if !out.Diagnostics.HasErrors() {
		out.Suite = l.suite
	}
	return out, nil
}

// load is the state of one Load.
type load struct {
	ctx      context.Context
	registry *step.Registry
	options  scenario.Options
	loader   *scenario.Loader
	file     *source.File
	body     *field.Body
	document document
	out      *Loaded
	diags    diag.List
	suite    *Suite
}

func (l *load) run() error {
	root := source.Follow(l.file.Root)
	if root.Kind != yaml.MappingNode {
		l.diags.Add(l.file.Range(root), "wrong-type", "a suite is a mapping that starts with apiVersion and kind")
		return nil
	}
	l.decode(root, l.setup(root))
	if err := l.scenarios(); err != nil {
		return err
	}
	l.fill()
	return nil
}

// setup compiles the setup first, because vars may use its outputs.
func (l *load) setup(root *yaml.Node) eval.Type {
	n, _ := source.Lookup(root, "setup")
	if n = source.Follow(n); n == nil || n.Kind != yaml.MappingNode {
		return eval.Type{Kind: eval.Object}
	}
	part, diags := l.loader.Part(l.file, "setup", n)
	l.diags = append(l.diags, diags...)
	l.suite.Setup = part.Scenario
	return part.Outputs
}

func shape() *field.Shape {
	return field.Describe(reflect.TypeFor[document](), reflect.TypeFor[step.Block]())
}

func (l *load) decode(root *yaml.Node, outputs eval.Type) {
	trimmed := *root // without x-… keys, which hold anything
	trimmed.Content = nil
	for i := 0; i+1 < len(root.Content); i += 2 {
		if !strings.HasPrefix(root.Content[i].Value, "x-") {
			trimmed.Content = append(trimmed.Content, root.Content[i], root.Content[i+1])
		}
	}
	dynamic := l.literal(root)
	var found diag.List
	d := &field.Decoder{File: l.file, Diags: &found, Special: func(*yaml.Node, *eval.Env) any { return step.Block{} }}
	env := l.loader.Env().With("setup", outputs)
	l.body, _ = d.Compile(&trimmed, "the suite", shape(), env, func() reflect.Value { return reflect.New(reflect.TypeFor[document]()).Elem() })
	l.document, _ = l.body.Static().Interface().(document)
	if !dynamic { // else what is wrong may only be not evaluated
		l.diags = append(l.diags, found...)
		before := len(l.diags)
		l.check()
		l.diags = append(l.diags[:before], l.diags[before:].Apart(found)...)
	}
}

// literal refuses expressions where a suite is read before anything runs, and reports whether there was one.
func (l *load) literal(root *yaml.Node) bool {
	before := len(l.diags)
	for _, p := range source.Pairs(root) {
		if p.Key.Value != "vars" && p.Key.Value != "setup" && !strings.HasPrefix(p.Key.Value, "x-") {
			l.noExpressions(p.Value, p.Key.Value == "scenarios")
		}
	}
	return len(l.diags) > before
}

// noExpressions reports ${{ }} below n; entries may have it in their vars.
func (l *load) noExpressions(n *yaml.Node, entries bool) {
	n = source.Follow(n)
	switch n.Kind {
	case yaml.SequenceNode:
		for _, item := range n.Content {
			l.noExpressions(item, entries)
		}
	case yaml.MappingNode:
		for _, p := range source.Pairs(n) {
			if !entries || p.Key.Value != "vars" {
				l.noExpressions(p.Value, entries)
			}
		}
	case yaml.ScalarNode:
		if strings.Contains(n.Value, "${{") {
			l.diags.Add(l.file.Range(n), "invalid-value", "in a suite only vars and setup may hold expressions; found %q", n.Value)
		}
	}
}

func (l *load) report(name, format string, args []any, path ...string) {
	l.diags.Add(l.body.Find(path...), name, format, args...)
}

// check reports what the types of a suite can't say.
func (l *load) check() {
	d := l.document
	if l.body.Has("scenarios") && len(d.Scenarios) == 0 {
		l.report("selects-nothing", "scenarios: a suite of nothing proves nothing; name files, folders or patterns", nil, "scenarios")
	}
	if d.Seed != nil && d.Order != Random {
		l.report("invalid-value", "seed means nothing without order: random", nil, "seed")
	}
	if l.body.Has("parallel") && d.Parallel < 1 {
		l.report("invalid-value", "parallel: at least 1 scenario runs at once, found %d", []any{d.Parallel}, "parallel")
	}
	if l.body.Has("repeat") && d.Repeat < 1 {
		l.report("invalid-value", "repeat: each scenario is run at least once, found %d", []any{d.Repeat}, "repeat")
	}
	if d.Retries < 0 {
		l.report("invalid-value", "retries: a scenario can't be run again %d times", []any{d.Retries}, "retries")
	}
	for i, e := range d.Scenarios {
		if e.Retries != nil && *e.Retries < 0 {
			l.report("invalid-value", "retries: a scenario can't be run again %d times", []any{*e.Retries}, "scenarios", strconv.Itoa(i), "retries")
		}
	}
	l.rates()
}

func (l *load) rates() {
	t := l.document.Thresholds
	rate := func(value float64, path ...string) {
		if value < 0 || value > 1 {
			l.report("invalid-value", "a pass rate is from 0 to 1, as in 0.95; found %v", []any{value}, path...)
		}
	}
	if t.PassRate != nil {
		rate(*t.PassRate, "thresholds", "passRate")
	}
	for _, label := range slices.Sorted(maps.Keys(t.Labels)) {
		rate(t.Labels[label], "thresholds", "labels", label)
	}
	if t.MaxFlaky != nil && *t.MaxFlaky < 0 {
		l.report("invalid-value", "maxFlaky: at least 0 scenarios are flaky, found %d", []any{*t.MaxFlaky}, "thresholds", "maxFlaky")
	}
}

// fill puts what was decoded into the suite.
func (l *load) fill() {
	s, d := l.suite, l.document
	s.Name, s.Description, s.Labels = d.Metadata.Name, d.Metadata.Description, d.Metadata.Labels
	s.Seed, s.Parallel, s.Repeat, s.Timeout = d.Seed, d.Parallel, d.Repeat, d.Timeout
	if d.Order != "" {
		s.Order = d.Order
	}
	if l.body.Has("retries") {
		s.Retries = &d.Retries
	}
	if l.body.Has("failFast") {
		s.FailFast = &d.FailFast
	}
	if s.Setup != nil {
		s.Setup.Name = strings.TrimSpace(s.Name + " setup")
		s.Setup.Labels = s.Labels
	}
	s.Thresholds = d.Thresholds.list()
}

// list returns the demands in the order in which they are shown.
func (t thresholds) list() []Threshold {
	out := []Threshold{{Name: passRate, Value: 1}}
	if t.PassRate != nil {
		out[0].Value = *t.PassRate
	}
	for _, label := range slices.Sorted(maps.Keys(t.Labels)) {
		out = append(out, Threshold{Name: passRate, Label: label, Value: t.Labels[label]})
	}
	if t.MaxDuration > 0 {
		out = append(out, Threshold{Name: maxDuration, Value: t.MaxDuration.Seconds()})
	}
	if t.MaxFlaky != nil {
		out = append(out, Threshold{Name: maxFlaky, Value: float64(*t.MaxFlaky)})
	}
	return out
}

// dir is the folder of the suite, in which its paths start.
func (l *load) dir() string { return filepath.Dir(l.file.Name) }
