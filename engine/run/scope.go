package run

import (
	"fmt"
	"maps"
	"path/filepath"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/scenario"
)

// baseScope returns the names that are the same for every step: env, scenario, secrets and vars.
func (x *execution) baseScope() (eval.Scope, error) {
	secrets, err := x.secrets()
	if err != nil {
		return nil, err
	}
	info := x.info
	scope := eval.Scope{
		"env": anyMap(x.run.options.Env),
		"scenario": map[string]any{
			"name": info.Name, "id": info.ID, "namespace": info.Namespace, "runId": info.RunID,
			"dir": info.Dir, "labels": anyMap(info.Labels),
		},
		"secrets": secrets,
		"vars":    map[string]any{},
		"steps":   map[string]any{},
	}
	if matrix := x.scenario.Matrix; matrix != nil {
		scope["matrix"] = matrix
	}
	if x.run.setup != nil {
		scope["setup"] = x.run.setup.outputs // vars that a suite gives may use them; the scenario's own expressions can't
	}
	values := map[string]any{}
	for _, v := range x.scenario.Vars {
		value, err := v.Value.Eval(scope)
		if err != nil {
			return nil, fmt.Errorf("vars.%s: %w", v.Name, err)
		}
		values[v.Name] = value
		scope["vars"] = maps.Clone(values) // an expression may have taken the map itself as its value
	}
	return scope, nil
}

func anyMap(m map[string]string) map[string]any {
	out := make(map[string]any, len(m))
	for k, v := range m {
		out[k] = v
	}
	return out
}

// folder returns the folder of a scenario file.
func folder(s *scenario.Scenario) string {
	if s.File == nil || s.File.Name == "" {
		return "."
	}
	return filepath.Dir(s.File.Name)
}

// valuesOf returns what expressions see of a finished step: its outputs, and beside them its verdict and how long it
// took unless it has outputs of these names (injectChaos has a verdict of its own).
func valuesOf(r *result) map[string]any {
	values := make(map[string]any, len(r.Outputs)+2)
	values["verdict"] = string(r.Verdict)
	values["took"] = r.Took
	maps.Copy(values, r.Outputs)
	return values
}

// dirOf returns the folder of the file that a step stands in: that of the scenario, or that of a template.
func dirOf(s *scenario.Step, standard string) string {
	if s.At.File == "" {
		return standard
	}
	return filepath.Dir(s.At.File)
}
