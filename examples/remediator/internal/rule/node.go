package rule

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

// field is one entry of a mapping.
type field struct {
	key, value *yaml.Node
}

// fields returns the entries of a mapping in their order and complains about keys that
// are repeated or, where known keys are given, unknown.
func (p *Problems) fields(node *yaml.Node, what string, known ...string) []field {
	if node.Kind != yaml.MappingNode {
		p.add(node, "%s must be a mapping, found %s", what, describe(node))
		return nil
	}
	var found []field
	seen := make(map[string]int)
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], resolve(node.Content[i+1])
		if line, repeated := seen[key.Value]; repeated {
			p.add(key, "%s is given twice, first in line %d", key.Value, line)
			continue
		}
		seen[key.Value] = key.Line
		if len(known) > 0 && !slices.Contains(known, key.Value) {
			p.add(key, "unknown key %q in %s; known are %s", key.Value, what, strings.Join(known, ", "))
			continue
		}
		found = append(found, field{key, value})
	}
	return found
}

// resolve follows an alias to what it stands for.
func resolve(node *yaml.Node) *yaml.Node {
	if node.Kind == yaml.AliasNode {
		return node.Alias
	}
	return node
}

// text returns a scalar that is not empty.
func (p *Problems) text(node *yaml.Node, what string) string {
	if node.Kind != yaml.ScalarNode || node.Tag == "!!null" || node.Value == "" {
		p.add(node, "%s must be text, found %s", what, describe(node))
		return ""
	}
	return node.Value
}

// texts returns a list of scalars, or one scalar as a list.
func (p *Problems) texts(node *yaml.Node, what string) []string {
	if node.Kind != yaml.SequenceNode {
		if text := p.text(node, what); text != "" {
			return []string{text}
		}
		return nil
	}
	if len(node.Content) == 0 {
		p.add(node, "%s must not be an empty list", what)
	}
	var found []string
	for _, item := range node.Content {
		if text := p.text(resolve(item), what); text != "" {
			found = append(found, text)
		}
	}
	return found
}

// duration returns a length of time that is not below the least one.
func (p *Problems) duration(node *yaml.Node, what string, least time.Duration) time.Duration {
	duration, err := time.ParseDuration(p.text(node, what))
	if node.Kind != yaml.ScalarNode || node.Value == "" {
		return 0
	}
	if err != nil {
		p.add(node, "%s must be a duration such as 90s or 2m, found %q", what, node.Value)
		return 0
	}
	if duration < least {
		p.add(node, "%s must be at least %s, found %s", what, least, node.Value)
	}
	return duration
}

// truth returns true or false.
func (p *Problems) truth(node *yaml.Node, what string) bool {
	var truth bool
	if err := node.Decode(&truth); err != nil || node.Tag != "!!bool" {
		p.add(node, "%s must be true or false, found %s", what, describe(node))
	}
	return truth
}

// decodeInto fills the fields of the struct behind into, which are tagged yaml.
func (p *Problems) decodeInto(node *yaml.Node, what string, into any) map[string]*yaml.Node {
	target := reflect.ValueOf(into).Elem()
	var known []string
	places := make(map[string]reflect.Value)
	for i := range target.NumField() {
		name := target.Type().Field(i).Tag.Get("yaml")
		known = append(known, name)
		places[name] = target.Field(i)
	}
	if len(known) == 0 {
		if len(node.Content) > 0 {
			p.add(node, "%s takes no parameters", what)
		}
		return nil
	}
	values := make(map[string]*yaml.Node)
	for _, field := range p.fields(node, "the parameters of "+what, known...) {
		place := places[field.key.Value]
		if err := field.value.Decode(place.Addr().Interface()); err != nil || field.value.Tag == "!!null" {
			p.add(field.value, "parameter %s must be %s, found %s", field.key.Value, expected(place.Type()), describe(field.value))
			continue
		}
		values[field.key.Value] = field.value
	}
	return values
}

// expected names a Go type in the words of somebody who writes YAML.
func expected(kind reflect.Type) string {
	if kind.Kind() == reflect.Pointer {
		kind = kind.Elem()
	}
	switch kind.Kind() {
	case reflect.Int, reflect.Int32, reflect.Int64:
		return "a whole number"
	case reflect.Float64:
		return "a number"
	case reflect.String:
		return "text"
	default:
		return "a quantity above zero such as 512Mi"
	}
}

// describe says what a node is.
func describe(node *yaml.Node) string {
	switch {
	case node.Kind == yaml.MappingNode:
		return "a mapping"
	case node.Kind == yaml.SequenceNode:
		return "a list"
	case node.Tag == "!!null", node.Kind == 0:
		return "nothing"
	default:
		return fmt.Sprintf("%q", node.Value)
	}
}
