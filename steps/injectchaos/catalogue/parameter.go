package catalogue

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"
)

// Type is what the value of a parameter must be.
type Type string

// The types.
const (
	Text     Type = "text"
	Whole    Type = "a whole number"
	Percent  Type = "a percentage from 1 to 100"
	Duration Type = "a duration such as 30s"
	Switch   Type = "true or false"
)

// Parameter is a setting of an experiment.
type Parameter struct {
	Name    string
	Type    Type
	Default any // string, int, time.Duration or bool; nil means that the experiment finds a value itself
	Doc     string
}

// Values are the settings of one use of an experiment, complete and of the declared types.
type Values map[string]any

// Text returns a text, "" when it has no value.
func (v Values) Text(name string) string {
	text, _ := v[name].(string)
	return text
}

// Duration returns a length of time.
func (v Values) Duration(name string) time.Duration {
	d, _ := v[name].(time.Duration)
	return d
}

// Whole returns a whole number.
func (v Values) Whole(name string) int {
	n, _ := v[name].(int)
	return n
}

// Mistake is a wrong parameter.
type Mistake struct {
	Parameter string
	Message   string
}

// Check converts the values that an author gave and adds the defaults. Values that are nil are not known yet and are
// passed over.
func (e Experiment) Check(given map[string]any) (Values, []Mistake) {
	values := Values{}
	for _, p := range e.Parameters {
		if p.Default != nil {
			values[p.Name] = p.Default
		}
	}
	var mistakes []Mistake
	for _, name := range slices.Sorted(maps.Keys(given)) {
		p, ok := e.Parameter(name)
		if !ok {
			mistakes = append(mistakes, Mistake{name, e.unknown(name)})
			continue
		}
		if given[name] == nil {
			continue
		}
		value, err := p.convert(given[name])
		if err != nil {
			mistakes = append(mistakes, Mistake{name, fmt.Sprintf("parameter %q of %s: %s", name, e.Name, err)})
			continue
		}
		values[name] = value
	}
	return values, mistakes
}

func (e Experiment) unknown(name string) string {
	if len(e.Parameters) == 0 {
		return fmt.Sprintf("experiment %s has no parameters, found %q", e.Name, name)
	}
	return fmt.Sprintf("experiment %s has no parameter %q%s", e.Name, name, didYouMean(name, e.parameterNames()))
}

func (p Parameter) convert(value any) (any, error) {
	switch p.Type {
	case Text:
		if text, ok := value.(string); ok {
			return text, nil
		}
	case Switch:
		if on, ok := value.(bool); ok {
			return on, nil
		}
	case Whole, Percent:
		if n, ok := whole(value); ok && (p.Type == Whole || n >= 1 && n <= 100) {
			return n, nil
		}
	case Duration:
		if d, ok := duration(value); ok {
			return d, nil
		}
	}
	return nil, fmt.Errorf("expected %s, found %s", p.Type, show(value))
}

// whole accepts the number types of YAML and of expressions, and "50%".
func whole(value any) (int, bool) {
	switch v := value.(type) {
	case int:
		return v, true
	case int64:
		return int(v), true
	case float64:
		return int(v), v == math.Trunc(v)
	case string:
		var n int
		_, err := fmt.Sscanf(v, "%d%%", &n)
		return n, err == nil && v == fmt.Sprintf("%d%%", n)
	}
	return 0, false
}

func duration(value any) (time.Duration, bool) {
	switch v := value.(type) {
	case time.Duration:
		return v, v >= 0
	case string:
		d, err := time.ParseDuration(v)
		return d, err == nil && d >= 0
	}
	return 0, false
}

func show(value any) string {
	switch v := value.(type) {
	case string:
		return fmt.Sprintf("%q", v)
	case map[string]any:
		return "a mapping"
	case []any:
		return "a list"
	}
	return strings.TrimSpace(fmt.Sprint(value))
}
