package scenario

import (
	"maps"
	"reflect"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/field"
	"github.com/scenario-runner/scenario-runner/engine/source"
	"github.com/scenario-runner/scenario-runner/engine/step"
)

// What a matrix may grow to. A job of GitHub has as many cases at most; the other limits keep what exclude may take out
// again from taking the runner down.
const (
	maxCases        = 256
	maxCombinations = 1024
	maxNames        = 64
	maxEntries      = 1000
)

// The keys of a matrix that are no axes.
const (
	includeKey = "include"
	excludeKey = "exclude"
)

// axis is a list of values of a matrix.
type axis struct {
	name   string
	key    *yaml.Node
	values []value
}

// value is a value in a matrix and where it stands.
type value struct {
	value any
	at    diag.Range
}

// matrixCase is one scenario of a matrix.
type matrixCase struct {
	values map[string]value
	own    map[string]bool // keys that the product of the axes gave, which no include may change
}

// label names a case: "fault=pod-delete, replicas=3".
func (m *matrix) label(c matrixCase) string {
	var parts []string
	for _, name := range m.names {
		if v, ok := c.values[name]; ok {
			parts = append(parts, name+"="+labelText(v.value))
		}
	}
	return strings.Join(parts, ", ")
}

func labelText(v any) string {
	if text, ok := v.(string); ok {
		return text
	}
	return eval.Format(v)
}

// matrix is the cases of a scenario file.
type matrix struct {
	names []string              // of axes, then of what include adds, in document order
	keys  map[string]diag.Range // where each name stands first
	types eval.Type             // of matrix in expressions
	cases []matrixCase          // in the order of the axes
	at    diag.Range            // of the key matrix
	axes  map[string]bool
}

// readMatrix reads the matrix of a scenario; nil means that there is none. Of one that is wrong only the names are known,
// if they are.
func (c *compiler) readMatrix(root *yaml.Node) *matrix {
	n, key := source.Lookup(root, "matrix")
	if n == nil {
		return nil
	}
	n = source.Follow(n)
	if n.Kind != yaml.MappingNode {
		c.diags.Add(c.file.Range(n), "wrong-type", "matrix: expected a mapping of names to lists of values")
		return &matrix{types: eval.AnyType}
	}
	if dynamic := dynamics(n); dynamic != nil {
		c.diags.Add(c.file.Range(dynamic[0]), "wrong-type", "a matrix holds plain values; ${{ }} can't be used here")
		return &matrix{types: eval.AnyType}
	}
	if pairs := source.Pairs(n); len(pairs) > maxNames {
		c.diags.Add(c.file.Range(pairs[maxNames].Key), "expansion-limit", "the matrix has %d names; at most %d can be read", len(pairs), maxNames)
		return &matrix{types: eval.AnyType}
	}
	before := len(*c.diags)
	m := &matrix{keys: map[string]diag.Range{}, at: c.file.Range(key), axes: map[string]bool{}}
	axes := c.axes(n, m)
	c.product(m, axes)
	exclude, _ := source.Lookup(n, excludeKey)
	c.exclude(m, exclude)
	include, _ := source.Lookup(n, includeKey)
	c.include(m, include)
	if slices.ContainsFunc((*c.diags)[before:], func(d diag.Diagnostic) bool { return d.Severity == diag.Error }) {
		m.cases = nil // the names are known all the same
	} else {
		c.countCases(m)
	}
	m.types = m.typeOf()
	return m
}

// axes reads the lists of values.
func (c *compiler) axes(n *yaml.Node, m *matrix) []axis {
	var out []axis
	for _, p := range source.Pairs(n) {
		name, list := p.Key.Value, source.Follow(p.Value)
		if name == includeKey || name == excludeKey {
			continue
		}
		if !c.matrixName(p.Key) {
			continue
		}
		m.name(name, c.file.Range(p.Key))
		m.axes[name] = true
		switch {
		case list.Kind != yaml.SequenceNode:
			c.diags.Add(c.file.Range(list), "matrix-axis", "matrix.%s: expected a list of values; write [%s] for a single one", name, shortValue(list))
		case len(list.Content) == 0:
			c.diags.Add(c.file.Range(list), "matrix-axis", "matrix.%s has no value, so there would be no case", name)
		case len(list.Content) > maxCombinations:
			c.diags.Add(c.file.Range(list), "expansion-limit", "matrix.%s has %d values; at most %d cases can run", name, len(list.Content), maxCases)
		default:
			out = append(out, c.axis(p.Key, list))
		}
	}
	return out
}

// shortValue is a scalar as it is written.
func shortValue(n *yaml.Node) string {
	if n.Kind == yaml.ScalarNode && n.Value != "" {
		return n.Value
	}
	return "…"
}

func (c *compiler) axis(key, list *yaml.Node) axis {
	a := axis{name: key.Value, key: key}
	for _, item := range list.Content {
		v := value{value: field.Value(item), at: c.file.Range(item)}
		if i := slices.IndexFunc(a.values, func(other value) bool { return reflect.DeepEqual(other.value, v.value) }); i >= 0 {
			c.diags.Add(v.at, "matrix-axis", "matrix.%s has %s twice", a.name, eval.Format(v.value)).Note(a.values[i].at, "it stands here first")
			continue
		}
		a.values = append(a.values, v)
	}
	return a
}

// matrixName reports whether a key can be read as matrix.<key>.
func (c *compiler) matrixName(key *yaml.Node) bool {
	if identifier.MatchString(key.Value) {
		return true
	}
	c.diags.Add(c.file.Range(key), "invalid-name", "%q can't be used in expressions as matrix.<name>; a name has letters, digits and underscores", key.Value)
	return false
}

func (m *matrix) name(name string, at diag.Range) {
	if _, ok := m.keys[name]; !ok {
		m.names = append(m.names, name)
		m.keys[name] = at
	}
}

// product makes a case of every combination of values.
func (c *compiler) product(m *matrix, axes []axis) {
	if len(axes) == 0 {
		return
	}
	total := 1
	for _, a := range axes {
		if total *= len(a.values); total > maxCombinations {
			c.diags.Add(m.at, "expansion-limit", "the matrix has more than %d combinations; at most %d cases can run", maxCombinations, maxCases)
			return
		}
	}
	cases := []matrixCase{{values: map[string]value{}, own: map[string]bool{}}}
	for _, a := range axes {
		var next []matrixCase
		for _, one := range cases {
			for _, v := range a.values {
				more := matrixCase{values: maps.Clone(one.values), own: maps.Clone(one.own)}
				more.values[a.name], more.own[a.name] = v, true
				next = append(next, more)
			}
		}
		cases = next
	}
	m.cases = cases
}

// countCases reports a matrix without cases, with too many, and with two that are the same.
func (c *compiler) countCases(m *matrix) {
	switch n := len(m.cases); {
	case n == 0 && len(m.axes) == 0:
		c.diags.Add(m.at, "matrix-cases", "the matrix has neither a list of values nor an include")
	case n == 0:
		c.diags.Add(m.at, "matrix-cases", "exclude leaves no case of the matrix")
	case n > maxCases:
		c.diags.Add(m.at, "expansion-limit", "the matrix has %d cases; at most %d can run", n, maxCases)
		m.cases = nil
		return
	}
	seen := map[string]bool{}
	for _, one := range m.cases {
		label := m.label(one)
		if seen[label] {
			c.diags.Add(m.at, "matrix-cases", "the matrix has the case [%s] twice", label)
			m.cases = nil
			return
		}
		seen[label] = true
	}
}

// typeOf returns what is known of matrix in expressions: a name has a type when all of its values have the same, and is
// there in every case.
func (m *matrix) typeOf() eval.Type {
	out := eval.Type{Kind: eval.Object}
	for _, name := range m.names {
		t := eval.AnyType
		for i, one := range m.cases {
			v, ok := one.values[name]
			got := eval.TypeOfValue(v.value)
			if i == 0 && ok {
				t = got
			}
			if !ok || !reflect.DeepEqual(t, got) {
				t = eval.AnyType
				break
			}
		}
		out = out.With(name, "Value of the matrix.", t)
	}
	return out
}

// scope is what expressions see as matrix. A name that only other cases have is nothing.
func (m *matrix) scope(one matrixCase) map[string]any {
	out := make(map[string]any, len(m.names))
	for _, name := range m.names {
		out[name] = one.values[name].value
	}
	return out
}

// unusedAxes warns of names that no expression reads.
func (c *compiler) unusedAxes(m *matrix) {
	if m == nil || step.ReadsAnything(&c.shared) {
		return
	}
	used := c.usedFields("matrix")
	for _, name := range m.names {
		if used != nil && !used[name] {
			c.advice.Warn(m.keys[name], "unused-axis", "nothing uses matrix.%s, so its cases are all the same", name)
		}
	}
}
