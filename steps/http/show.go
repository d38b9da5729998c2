package http

import (
	"fmt"
	"net/http"
	"strings"
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
