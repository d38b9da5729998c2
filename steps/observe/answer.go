package observe

import (
	"bytes"
	"encoding/json"

	"github.com/scenario-runner/scenario-runner/steps/web"
)

// decodeJSON reads a body with whole numbers as such, and gives nil for one that is no JSON.
func decodeJSON(body []byte) any {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var v any
	if err := decoder.Decode(&v); err != nil || decoder.More() {
		return nil
	}
	return web.Plain(v)
}

func shorten(s string, length int) string {
	if r := []rune(s); len(r) > length {
		return string(r[:length]) + "…"
	}
	return s
}
