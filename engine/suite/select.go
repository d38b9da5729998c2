package suite

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/scenario-runner/scenario-runner/engine"
	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/scenario"
)

// scenarios loads the files that the entries name, selects among them and gives them the vars of the suite.
func (l *load) scenarios() error {
	files := make([][]string, len(l.document.Scenarios)) // of each entry
	var inputs []engine.Input
	seen := map[string]bool{}
	for i, e := range l.document.Scenarios {
		found, err := l.find(e.Path)
		if err != nil {
			var wrong diag.List
			wrong.Add(l.body.Find("scenarios", strconv.Itoa(i), "path"), "selects-nothing", "scenarios: %s", err)
			l.diags = append(l.diags, wrong.Apart(l.diags)...)
			continue
		}
		for _, in := range found {
			files[i] = append(files[i], in.Path)
			if !seen[in.Path] {
				seen[in.Path] = true
				inputs = append(inputs, in)
				l.out.Files = append(l.out.Files, in.Path)
			}
		}
	}
	loaded, err := engine.Load(l.ctx, l.registry, inputs, l.options)
	if err != nil {
		return err
	}
	l.out.scenarios = loaded
	l.diags = append(l.diags, loaded.Diagnostics...)
	if !l.diags.HasErrors() { // else what is missing may only be broken
		l.choose(loaded.Scenarios, files)
	}
	return nil
}

// find returns the scenario files that a path of the suite means.
func (l *load) find(path string) ([]engine.Input, error) {
	if path == "" {
		return nil, errors.New("a path is empty")
	}
	full := path
	if !filepath.IsAbs(path) {
		full = filepath.Join(l.dir(), path)
	}
	names := []string{full}
	if strings.ContainsAny(path, "*?[") {
		matches, err := filepath.Glob(full)
		if err != nil {
			return nil, fmt.Errorf("%q is no pattern: %w", path, err)
		}
		if len(matches) == 0 {
			return nil, fmt.Errorf("%q matches no file below %s", path, l.dir())
		}
		names = matches
	}
	inputs, err := engine.Find(names)
	for _, in := range inputs {
		if engine.Headed(in.Data, Kind) {
			return nil, fmt.Errorf("%s is a suite, and a suite names scenarios only", in.Path)
		}
	}
	return inputs, err
}

// choose selects the scenarios of each entry. One that several entries select belongs to the first.
func (l *load) choose(all []*scenario.Scenario, files [][]string) {
	taken := map[*scenario.Scenario]bool{}
	for i, e := range l.document.Scenarios {
		at := []string{"scenarios", strconv.Itoa(i)}
		var own []*scenario.Scenario
		for _, s := range all {
			if slices.Contains(files[i], s.File.Name) {
				own = append(own, s)
			}
		}
		if len(e.Labels) > 0 {
			selected, err := engine.Select(own, engine.Selection{Labels: e.Labels})
			if err != nil {
				l.report("selects-nothing", "labels: %s", []any{noneOf(own, "entry", strings.Join(e.Labels, " and "))}, append(at, "labels")...)
				continue
			}
			own = selected
		}
		own = slices.DeleteFunc(slices.Clone(own), func(s *scenario.Scenario) bool { return taken[s] })
		for _, s := range own {
			taken[s] = true
			l.retries(s, e.Retries)
		}
		l.suite.Scenarios = append(l.suite.Scenarios, own...)
		l.own(own, e, at)
	}
	l.vars(l.suite.Scenarios, l.document.Vars, func(s *scenario.Scenario, name string) bool { return !l.given(files, s, name) }, "vars")
	l.labels()
}

// own gives the scenarios of an entry its vars.
func (l *load) own(scenarios []*scenario.Scenario, e entry, at []string) {
	if len(scenarios) == 0 {
		if _, _, has := e.Vars.Entries(); has || e.Retries != nil {
			l.report("selects-nothing", "entries before this one have taken all of its scenarios, so what it says has no effect; put it first", nil, at...)
		}
		return
	}
	l.vars(scenarios, e.Vars, func(*scenario.Scenario, string) bool { return true }, append(at, "vars")...)
}

// given reports whether the entry that a scenario belongs to gives a var itself.
func (l *load) given(files [][]string, s *scenario.Scenario, name string) bool {
	for i, e := range l.document.Scenarios {
		if !slices.Contains(files[i], s.File.Name) || len(e.Labels) > 0 && !matches(s, e.Labels...) {
			continue
		}
		keys, _, _ := e.Vars.Entries()
		return slices.Contains(keys, name)
	}
	return false
}

func (l *load) retries(s *scenario.Scenario, own *int) {
	if own == nil {
		return
	}
	if l.suite.RetriesOf == nil {
		l.suite.RetriesOf = map[string]int{}
	}
	l.suite.RetriesOf[s.Key] = *own
}

// vars puts values in the place of those that scenarios give their vars.
func (l *load) vars(scenarios []*scenario.Scenario, tree eval.Tree, applies func(*scenario.Scenario, string) bool, at ...string) {
	names, values, ok := tree.Entries()
	if value, err := tree.Eval(nil); !ok && (err != nil || value != nil) {
		l.report("wrong-type", "vars: expected a mapping from names to values", nil, at...)
	}
	for i, name := range names {
		l.override(scenarios, name, values[i], applies, append(slices.Clone(at), name))
	}
}

func (l *load) override(scenarios []*scenario.Scenario, name string, value eval.Tree, applies func(*scenario.Scenario, string) bool, at []string) {
	var known []string
	found := false
	for _, s := range scenarios {
		for i, v := range s.Vars {
			known = append(known, v.Name)
			if v.Name != name {
				continue
			}
			found = true
			if want, got := v.Value.Type().Kind, value.Type().Kind; !fits(want, got) {
				l.report("result-type", "%s: %s expects %s, but this is %s", []any{name, s.Key, want, got}, at...)
				return
			}
			if applies(s, name) {
				s.Vars = slices.Clone(s.Vars) // cases of one matrix may share them
				s.Vars[i].Value = value
			}
		}
	}
	if !found {
		slices.Sort(known)
		l.diags.Add(l.body.KeyAt(at...), "unknown-name", "no scenario has a var called %q%s", name, diag.DidYouMean(name, slices.Compact(known)))
	}
}

// fits reports whether a value of one kind can stand in the place of one of another.
func fits(want, got eval.Kind) bool {
	return want == got || want == eval.Any || got == eval.Any || want == eval.Float && got == eval.Int
}

// labels reports thresholds that are about no scenario.
func (l *load) labels() {
	for _, t := range l.document.Thresholds.list() {
		if t.Label == "" || len(l.suite.Scenarios) == 0 {
			continue
		}
		if !slices.ContainsFunc(l.suite.Scenarios, func(s *scenario.Scenario) bool { return matches(s, t.Label) }) {
			l.report("selects-nothing", "thresholds: %s", []any{noneOf(l.suite.Scenarios, "suite", t.Label)}, "thresholds", "labels", t.Label)
		}
	}
}

// noneOf says of some scenarios that no one of them has the labels.
func noneOf(scenarios []*scenario.Scenario, of, labels string) string {
	if len(scenarios) == 1 {
		return fmt.Sprintf("the only scenario of this %s does not match %s", of, labels)
	}
	return fmt.Sprintf("none of the %d scenarios of this %s matches %s", len(scenarios), of, labels)
}

func matches(s *scenario.Scenario, labels ...string) bool {
	_, err := engine.Select([]*scenario.Scenario{s}, engine.Selection{Labels: labels})
	return err == nil
}
