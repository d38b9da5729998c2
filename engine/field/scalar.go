package field

import (
	"encoding"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/source"
)

// isNull reports whether n is an empty value or an explicit null.
func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!null" }

func (c *pass) mismatch(n *yaml.Node, what string, s *Shape) {
	if reported(n) {
		c.failed = true // one mistake, one message
		return
	}
	c.report(c.file.Range(n), "wrong-type", "%s: expected %s, found %s%s", what, s.Describe(), found(n), cureFor(n, s))
}

// found says in plain words what a node is.
func found(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	}
	switch n.Tag {
	case "!!null":
		return "nothing"
	case "!!bool", "!!int", "!!float":
		return n.Value
	}
	return strconv.Quote(n.Value)
}

func (c *pass) scalar(n *yaml.Node, what string, s *Shape, target reflect.Value) {
	if n.Kind != yaml.ScalarNode || isNull(n) && s.Kind != String {
		c.mismatch(n, what, s)
		return
	}
	switch s.Kind {
	case Bool:
		if n.Tag != "!!bool" {
			c.mismatch(n, what, s)
			return
		}
		target.SetBool(strings.EqualFold(n.Value, "true"))
	case Int:
		i, err := strconv.ParseInt(n.Value, 0, 64)
		if n.Tag != "!!int" || err != nil || target.OverflowInt(i) {
			c.mismatch(n, what, s)
			return
		}
		target.SetInt(i)
	case Float:
		f, err := strconv.ParseFloat(n.Value, 64)
		if n.Tag != "!!int" && n.Tag != "!!float" || err != nil || math.IsNaN(f) {
			c.mismatch(n, what, s)
			return
		}
		target.SetFloat(f)
	case Duration:
		c.duration(n, what, s, target)
	case String:
		if isNull(n) {
			c.mismatch(n, what, s)
			return
		}
		target.SetString(n.Value)
	}
}

func (c *pass) duration(n *yaml.Node, what string, s *Shape, target reflect.Value) {
	d, err := time.ParseDuration(n.Value)
	if err != nil {
		if n.Tag == "!!int" && n.Value != "0" {
			c.report(c.file.Range(n), "missing-unit", "%s: %s has no unit; did you mean %ss?", what, n.Value, n.Value)
			return
		}
		c.mismatch(n, what, s)
		return
	}
	if d < 0 {
		c.report(c.file.Range(n), "invalid-value", "%s: a duration can't be negative", what)
		return
	}
	target.SetInt(int64(d))
}

// text decodes a struct that is written as text.
func (c *pass) text(n *yaml.Node, what string, target reflect.Value) {
	u := target.Addr().Interface().(encoding.TextUnmarshaler)
	if err := u.UnmarshalText([]byte(n.Value)); err != nil {
		c.report(c.file.Range(n), "invalid-value", "%s: %s", what, err)
	}
}

func (c *pass) enum(n *yaml.Node, f *Field, v reflect.Value) {
	if _, dynamic := c.body.texts[n]; dynamic && !c.binding || v.Kind() != reflect.String || v.String() == "" {
		return
	}
	if !slices.Contains(f.Enum, v.String()) {
		c.report(c.file.Range(n), "unknown-value", "%s: %q is not one of its values%s", f.Name, v.String(), diag.DidYouMean(v.String(), f.Enum))
	}
}

// purpose is the first sentence of a documentation, to follow a colon.
func purpose(doc string) string {
	first, _, _ := strings.Cut(doc, ". ")
	return lowerFirst(first)
}

func lowerFirst(s string) string {
	s = strings.TrimSuffix(s, ".")
	if len(s) > 1 && s[1] >= 'a' && s[1] <= 'z' || len(s) > 1 && s[1] == ' ' {
		return strings.ToLower(s[:1]) + s[1:]
	}
	return s
}

// Scalar returns the value of a YAML 1.2 core scalar. A timestamp stays text: a date that is not quoted is no mistake.
func Scalar(n *yaml.Node) any {
	switch n.Tag {
	case "!!null":
		return nil
	case "!!bool":
		return strings.EqualFold(n.Value, "true")
	case "!!int":
		if i, err := strconv.ParseInt(n.Value, 0, 64); err == nil {
			return int(i)
		}
		if f, err := strconv.ParseFloat(n.Value, 64); err == nil {
			return f
		}
	case "!!float":
		if f, err := strconv.ParseFloat(n.Value, 64); err == nil {
			return f
		}
	}
	return n.Value
}

// Value returns the value of a node: what Scalar gives, []any and map[string]any. It never goes through yaml's own
// decoding, which turns dates into times, and keys that are no text into maps that nothing else can look at.
func Value(n *yaml.Node) any {
	n = source.Follow(n)
	switch n.Kind {
	case yaml.MappingNode:
		out := map[string]any{}
		for _, p := range source.Pairs(n) {
			out[p.Key.Value] = Value(p.Value)
		}
		return out
	case yaml.SequenceNode:
		out := make([]any, len(n.Content))
		for i, item := range n.Content {
			out[i] = Value(item)
		}
		return out
	}
	return Scalar(n)
}
