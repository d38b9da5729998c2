package firealert

import (
	"cmp"
	"net/url"

	"github.com/scenario-runner/scenario-runner/engine/step"
)

// touches says how many alerts go where.
func touches(c, shown *Config, w step.Written) []step.Touch {
	touch := step.Touch{Effect: step.Sends, Verb: "fire", What: "alert " + cmp.Or(w.Text("alertname"), "of a name that an expression gives"), Count: c.Count, Stays: c.Undo == "keep"}
	if text := w.Text("count"); text != "" && text != "1" {
		touch.What = text + " times " + touch.What
	}
	switch to := cmp.Or(shown.To.Alertmanager, shown.To.Webhook); {
	case to != "":
		touch.What += " to " + redacted(to)
	case c.Rule != nil:
		touch.What += " by a rule in Prometheus"
	case !w.Given("to"):
		touch.What += " to the configured Alertmanager"
	}
	if c.Rule == nil || c.Rule.Object == nil {
		return []step.Touch{touch}
	}
	object := step.Touch{Effect: step.Creates, Verb: "apply", What: "a PrometheusRule", Count: 1, Stays: touch.Stays}
	if shown.Rule.Object.Namespace != "" {
		object.Where = "namespace " + shown.Rule.Object.Namespace
	}
	return []step.Touch{object, touch}
}

// redacted hides a password in an address.
func redacted(address string) string {
	if u, err := url.Parse(address); err == nil {
		return u.Redacted()
	}
	return address
}
