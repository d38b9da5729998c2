package postgres

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

// encode writes a value that is not nil for a parameter of a kind, in the form that the server reads.
func (k kind) encode(v any) (string, error) {
	if list, ok := v.([]any); ok && k.element != nil {
		return k.encodeArray(list)
	}
	if _, text := v.(string); k.form == document && !text {
		data, err := json.Marshal(v)
		return string(data), err
	}
	switch v := v.(type) {
	case string:
		return v, nil
	case bool:
		return strconv.FormatBool(v), nil
	case int:
		return strconv.Itoa(v), nil
	case int64:
		return strconv.FormatInt(v, 10), nil
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64), nil
	case time.Time:
		return v.Format(time.RFC3339Nano), nil
	case time.Duration:
		if k.form == interval {
			return fmt.Sprintf("%d microseconds", v.Microseconds()), nil
		}
		return v.String(), nil
	case []any, map[string]any:
		return "", fmt.Errorf("the statement wants %s, and the value is a list or an object; give $n::jsonb or an array in the statement", k.name)
	}
	return "", fmt.Errorf("the statement wants %s, and the value is of a type that can't be sent", k.name)
}
