package sql

import (
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/postgres"
)

// touches says what a use changes; one that only reads touches nothing.
func touches(_, shown *Config, w step.Written) []step.Touch {
	if !w.Given("write") || w.Text("write") == "false" {
		return nil
	}
	where := "database " + shown.Connection.String()
	var out []step.Touch
	for _, what := range append([]string{shown.Query, shown.File}, shown.Exec...) {
		if what != "" {
			out = append(out, step.Touch{Verb: "execute", What: postgres.Shorten(what, 80), Where: where})
		}
	}
	return out
}
