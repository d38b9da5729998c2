package engine

import (
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/field"
	"github.com/scenario-runner/scenario-runner/engine/scenario"
)

// Override gives vars other values, written as "name=value". A value is read as YAML and must have the type of the one
// that it replaces. A name that none of the scenarios has is an error.
func Override(scenarios []*scenario.Scenario, assignments []string) error {
	for _, a := range assignments {
		name, text, ok := strings.Cut(a, "=")
		if !ok {
			return fmt.Errorf("--var %q: write name=value", a)
		}
		var n yaml.Node
		if err := yaml.Unmarshal([]byte(text), &n); err != nil {
			return fmt.Errorf("--var %s: %w", name, err)
		}
		if err := override(scenarios, name, text, &n); err != nil {
			return err
		}
	}
	return nil
}

func override(scenarios []*scenario.Scenario, name, text string, n *yaml.Node) error {
	var names []string
	found := false
	for _, s := range scenarios {
		for i, v := range s.Vars {
			names = append(names, v.Name)
			if v.Name != name {
				continue
			}
			found = true
			value := scalarValue(n, text)
			want, got := v.Value.Type().Kind, eval.TypeOfValue(value).Kind
			if want == eval.String {
				value, got = text, eval.String
			}
			if want != eval.Any && want != got && (want != eval.Float || got != eval.Int) {
				return fmt.Errorf("--var %s: %s expects %s, but %q is %s", name, s.Key, want, text, got)
			}
			s.Vars[i].Value = eval.Plain(value)
		}
	}
	if !found {
		slices.Sort(names)
		return fmt.Errorf("--var %s: no scenario has such a var%s", name, diag.DidYouMean(name, slices.Compact(names)))
	}
	return nil
}

// scalarValue reads a flag's value. Only scalars can be given on a command line; everything else stays text.
func scalarValue(n *yaml.Node, text string) any {
	if len(n.Content) == 1 && n.Content[0].Kind == yaml.ScalarNode {
		return field.Scalar(n.Content[0])
	}
	return text
}
