package http

import (
	"net/http"
	"strings"

	"github.com/scenario-runner/scenario-runner/engine/step"
)

// shownTitle is the title of a use of which a part, such as what is sent, may not be known yet.
func shownTitle(c *Config, w step.Written) string {
	known := *c
	if known.Method == "" && (w.Given("json") || w.Given("body")) {
		known.Method = http.MethodPost
	}
	return title(&known)
}

// touches says what is sent; asking changes nothing.
func touches(_, shown *Config, w step.Written) []step.Touch {
	text := shownTitle(shown, w)
	switch verb, _, _ := strings.Cut(text, " "); strings.ToUpper(verb) {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return nil
	}
	return []step.Touch{{Effect: step.Sends, Verb: "send", What: text, Count: 1}}
}
