package scenario

import (
	"reflect"
	"slices"

	"gopkg.in/yaml.v3"

	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/field"
	"github.com/scenario-runner/scenario-runner/engine/source"
)

// exclude takes out the cases that have all values of an entry.
func (c *compiler) exclude(m *matrix, n *yaml.Node) {
	for _, entry := range c.entries(n, excludeKey) {
		known := true
		for _, p := range source.Pairs(entry) {
			if !m.axes[p.Key.Value] {
				known = false
				c.diags.Add(c.file.Range(p.Key), "unknown-axis", "exclude: the matrix has no axis %q%s", p.Key.Value, diag.DidYouMean(p.Key.Value, m.axisNames()))
			}
		}
		if !known || m.cases == nil {
			continue
		}
		before := len(m.cases)
		m.cases = slices.DeleteFunc(m.cases, func(one matrixCase) bool { return one.has(entry) })
		if len(m.cases) == before {
			c.diags.Warn(c.file.Range(entry), "excludes-nothing", "exclude: no case of the matrix has these values")
		}
	}
}

func (m *matrix) axisNames() []string {
	return slices.DeleteFunc(slices.Clone(m.names), func(name string) bool { return !m.axes[name] })
}

// has reports whether a case has all values of an entry.
func (one matrixCase) has(entry *yaml.Node) bool {
	for _, p := range source.Pairs(entry) {
		if !reflect.DeepEqual(one.values[p.Key.Value].value, field.Value(p.Value)) {
			return false
		}
	}
	return true
}

// entries returns the mappings of include or exclude.
func (c *compiler) entries(n *yaml.Node, what string) []*yaml.Node {
	n = source.Follow(n)
	if n == nil {
		return nil
	}
	if n.Kind != yaml.SequenceNode {
		c.diags.Add(c.file.Range(n), "wrong-type", "matrix.%s: expected a list of mappings", what)
		return nil
	}
	if len(n.Content) > maxEntries {
		c.diags.Add(c.file.Range(n), "expansion-limit", "matrix.%s has %d entries; at most %d can be read", what, len(n.Content), maxEntries)
		return nil
	}
	var out []*yaml.Node
	for _, item := range n.Content {
		if item = source.Follow(item); item.Kind != yaml.MappingNode || len(item.Content) == 0 {
			c.diags.Add(c.file.Range(item), "wrong-type", "matrix.%s: expected a mapping of names to values", what)
			continue
		}
		out = append(out, item)
	}
	return out
}

// include adds values to cases, and cases. As in a workflow of GitHub, the values of an entry are added to every case
// whose own values they leave alone; an entry that fits none becomes a case of its own.
func (c *compiler) include(m *matrix, n *yaml.Node) {
	original := len(m.cases)
	for _, entry := range c.entries(n, includeKey) {
		if !c.included(m, entry) {
			continue
		}
		fits := false
		for i := range original {
			fits = m.cases[i].take(c, entry) || fits
		}
		if !fits {
			own := matrixCase{values: map[string]value{}, own: map[string]bool{}}
			own.take(c, entry)
			m.cases = append(m.cases, own)
		}
	}
}

// included takes the names of an entry over. A name that is nearly one of an axis is taken for a mistake.
func (c *compiler) included(m *matrix, entry *yaml.Node) bool {
	ok := true
	for _, p := range source.Pairs(entry) {
		name := p.Key.Value
		_, known := m.keys[name]
		near := diag.Suggest(name, m.axisNames())
		switch {
		case known:
		case near != "":
			c.diags.Add(c.file.Range(p.Key), "unknown-axis", "include: the matrix has no axis %q; did you mean %q?", name, near)
			ok = false
		case !c.matrixName(p.Key):
			ok = false
		default:
			m.name(name, c.file.Range(p.Key))
		}
	}
	return ok
}

// take adds the values of an entry unless one of them would change what the axes gave.
func (one *matrixCase) take(c *compiler, entry *yaml.Node) bool {
	for _, p := range source.Pairs(entry) {
		if one.own[p.Key.Value] && !reflect.DeepEqual(one.values[p.Key.Value].value, field.Value(p.Value)) {
			return false
		}
	}
	for _, p := range source.Pairs(entry) {
		one.values[p.Key.Value] = value{value: field.Value(p.Value), at: c.file.Range(p.Value)}
	}
	return true
}
