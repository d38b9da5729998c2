package diag_test

import (
	"strings"
	"testing"

	"github.com/scenario-runner/scenario-runner/engine/diag"
)

func TestSuggest(t *testing.T) {
	fields := []string{"manifests", "waitReady", "undo", "timeout", "id", "if", "needs", "continueOnError", "web"}
	for name, want := range map[string]string{
		"manifest":               "manifests",
		"manifets":               "manifests",
		"wait_ready":             "waitReady",
		"WAITREADY":              "waitReady",
		"tmieout":                "timeout",
		"time":                   "timeout", // the beginning of it
		"timeouts":               "timeout",
		"need":                   "needs",
		"wbe":                    "web",
		"get":                    "", // two letters of three differ
		"ID":                     "id",
		"x":                      "",
		"":                       "",
		"kubernetes":             "",
		"continue-on-error":      "continueOnError",
		strings.Repeat("n", 1e6): "",
	} {
		if got := diag.Suggest(name, fields); got != want {
			t.Errorf("%.20q: got %q, want %q", name, got, want)
		}
	}
}

func TestDidYouMean(t *testing.T) {
	many := strings.Split(strings.Repeat("aa,bb,", 16), ",")
	for _, tt := range []struct {
		name       string
		candidates []string
		want       string
	}{
		{"aab", []string{"aaa", "bbb"}, `; did you mean "aaa"?`},
		{"x", []string{"aaa", "bbb"}, "; choose one of aaa, bbb"},
		{"x", []string{"aaa"}, `; there is only "aaa"`},
		{"x", nil, ""},
		{"xxxx", many, ""},
	} {
		if got := diag.DidYouMean(tt.name, tt.candidates); got != tt.want {
			t.Errorf("%s of %v: got %q, want %q", tt.name, tt.candidates, got, tt.want)
		}
	}
}
