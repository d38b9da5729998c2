// Package text evaluates expressions of a rule file, and fills them into values that hold {{ }}. It knows nothing of what
// the expressions are about.
package text

import (
	"fmt"
	"maps"
	"regexp"
	"strings"

	"github.com/expr-lang/expr"
)

// hole is a place in a text where the value of an expression belongs.
var hole = regexp.MustCompile(`\{\{(.+?)\}\}`)

// Scope is what an expression sees: values and functions by name.
type Scope map[string]any

// With returns a scope that also holds a value.
func (s Scope) With(name string, value any) Scope {
	out := maps.Clone(s)
	out[name] = value
	return out
}

// Value evaluates an expression.
func (s Scope) Value(expression string) (any, error) {
	program, err := expr.Compile(expression, expr.Env(map[string]any(s)))
	if err != nil {
		return nil, fmt.Errorf("expression %q: %w", expression, err)
	}
	value, err := expr.Run(program, map[string]any(s))
	if err != nil {
		return nil, fmt.Errorf("expression %q: %w", expression, err)
	}
	return value, nil
}

// True evaluates a condition. The empty one is true.
func (s Scope) True(condition string) (bool, error) {
	if condition == "" {
		return true, nil
	}
	value, err := s.Value(condition)
	if err != nil {
		return false, err
	}
	truth, ok := value.(bool)
	if !ok {
		return false, fmt.Errorf("condition %q is %v, expected true or false", condition, value)
	}
	return truth, nil
}

// Text fills the holes of a text.
func (s Scope) Text(template string) (string, error) {
	value, err := s.Fill(template)
	return fmt.Sprint(value), err
}

// Fill returns a copy of a value from YAML with its holes filled. A text that is nothing but one hole becomes the value of
// the expression, with its type.
func (s Scope) Fill(value any) (any, error) {
	switch value := value.(type) {
	case string:
		return s.fillText(value)
	case []any:
		out := make([]any, len(value))
		for i, one := range value {
			filled, err := s.Fill(one)
			if err != nil {
				return nil, err
			}
			out[i] = filled
		}
		return out, nil
	case map[string]any:
		return s.fillMap(value)
	}
	return value, nil
}

func (s Scope) fillMap(value map[string]any) (any, error) {
	out := make(map[string]any, len(value))
	for key, one := range value {
		filledKey, err := s.Text(key)
		if err != nil {
			return nil, err
		}
		if out[filledKey], err = s.Fill(one); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (s Scope) fillText(template string) (any, error) {
	holes := hole.FindAllStringSubmatchIndex(template, -1)
	if len(holes) == 1 && holes[0][0] == 0 && holes[0][1] == len(template) {
		return s.Value(strings.TrimSpace(template[holes[0][2]:holes[0][3]]))
	}
	var out strings.Builder
	last := 0
	for _, at := range holes {
		value, err := s.Value(strings.TrimSpace(template[at[2]:at[3]]))
		if err != nil {
			return nil, err
		}
		out.WriteString(template[last:at[0]])
		fmt.Fprint(&out, value)
		last = at[1]
	}
	out.WriteString(template[last:])
	return out.String(), nil
}

// Check compiles an expression whose names are not known yet.
func Check(expression string) error {
	if _, err := expr.Compile(expression, expr.AllowUndefinedVariables()); err != nil {
		return fmt.Errorf("expression %q: %w", expression, err)
	}
	return nil
}
