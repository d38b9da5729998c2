package field

// literalDuration matches a duration that is no expression.
const literalDuration = `^(0|([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+)$`

// WithoutExpressions returns s for a file in which ${{ }} means nothing: values are what they say they are.
func (s *Schema) WithoutExpressions() *Schema {
	out := NewSchema()
	for _, key := range s.keys {
		out.Set(key, withoutExpressions(s.values[key]))
	}
	switch s.values["pattern"] {
	case ExpressionPattern:
		out.remove("pattern", "patternErrorMessage")
		if types, ok := s.values["type"].([]string); ok {
			out.Set("type", types[0])
		}
	case DurationPattern:
		out.Set("pattern", literalDuration)
	}
	if values, ok := out.literalEnum(); ok {
		out.remove("anyOf")
		for _, key := range values.keys {
			out.Set(key, values.values[key])
		}
	}
	return out
}

func withoutExpressions(v any) any {
	switch v := v.(type) {
	case *Schema:
		return v.WithoutExpressions()
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = withoutExpressions(item)
		}
		return out
	}
	return v
}

// literalEnum returns the values of a field that may also be an expression.
func (s *Schema) literalEnum() (*Schema, bool) {
	forms, _ := s.values["anyOf"].([]any)
	if len(forms) != 2 {
		return nil, false
	}
	values, _ := forms[0].(*Schema)
	expression, _ := forms[1].(*Schema)
	return values, values != nil && expression != nil && values.values["enum"] != nil && expression.values["pattern"] == `\$\{\{`
}

func (s *Schema) remove(keys ...string) {
	for _, key := range keys {
		if _, ok := s.values[key]; !ok {
			continue
		}
		delete(s.values, key)
		for i, k := range s.keys {
			if k == key {
				s.keys = append(s.keys[:i], s.keys[i+1:]...)
				break
			}
		}
	}
}
