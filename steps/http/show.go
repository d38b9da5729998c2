package http

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/scenario-runner/scenario-runner/engine/step"
)

const (
	shownLines = 15
	shownWidth = 300
)

// statusText writes a status with its meaning: "404 Not Found".
func statusText(status int) string {
	return strings.TrimSpace(fmt.Sprintf("%d %s", status, http.StatusText(status)))
}

// shown is the beginning of the last answer, for people.
func (x *exchange) shown() []string {
	if x.last == nil {
		return nil
	}
	out := []string{"status " + statusText(x.last.Status)}
	text := strings.TrimRight(x.last.Text, "\n")
	if text == "" {
		return append(out, "(empty body)")
	}
	for i, line := range strings.Split(text, "\n") {
		if i == shownLines {
			return append(out, "…")
		}
		if r := []rune(line); len(r) > shownWidth {
			line = string(r[:shownWidth]) + "…"
		}
		out = append(out, strings.TrimSuffix(line, "\r"))
	}
	return out
}

// judgeSchema compares the body of an answer with the schema.
func (x *exchange) judgeSchema(body any) error {
	wrong := x.schema.Wrong(body)
	if len(wrong) == 0 {
		return nil
	}
	f := step.Fail("the body of the answer to %s does not fit its schema: %s", x.name(), wrong[0])
	if len(wrong) > 1 {
		f.Message += fmt.Sprintf(" (and %d more)", len(wrong)-1)
		f.Explain("schema", wrong...) //nolint:errcheck // it returns the failure itself
	}
	return f
}
