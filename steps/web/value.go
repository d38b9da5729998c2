package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
)

// Value returns the value of a JSON document as expressions see it: whole numbers are int. ok is false when data is none.
func Value(data []byte) (value any, ok bool) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if d.Decode(&value) != nil {
		return nil, false
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, false
	}
	return Plain(value), true
}

// Plain makes the numbers of a decoded document what expressions have: whole ones int, others float64, and text where
// they are larger than that. It changes lists and maps in place.
func Plain(v any) any {
	switch v := v.(type) {
	case json.Number:
		if i, err := v.Int64(); err == nil {
			return int(i)
		}
		f, err := v.Float64()
		if err != nil {
			return v.String()
		}
		return f
	case []any:
		for i := range v {
			v[i] = Plain(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = Plain(v[k])
		}
	}
	return v
}
