package eval

import "maps"

// Scope holds the values that an expression may name, at run time: vars, steps, scenario, env and the names that a
// field adds. Values are nil, bool, int, int64, float64, string, time.Duration, time.Time, []any and map[string]any.
type Scope map[string]any

// With returns a copy of s in which name is value.
func (s Scope) With(name string, value any) Scope {
	c := maps.Clone(s)
	if c == nil {
		c = Scope{}
	}
	c[name] = value
	return c
}
