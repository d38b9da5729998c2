package firealert

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"

	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/settings"
)

const (
	alertname = model.AlertNameLabel
	// mostAlerts keeps the ledger entry of a storm, which names every alert, at a size that is read back quickly.
	mostAlerts = 10000
	// mostDuplicates is how often one alert is sent again at most.
	mostDuplicates = 100
	// lifetime is how long an alert lives in Alertmanager when nobody resolves it. It is longer than scenarios take, and
	// short enough that what a killed run leaves is gone soon.
	lifetime = time.Hour
)

// check reports mistakes; s says what there is for alerts that name no place.
func check(c *Config, p *step.Problems, s *settings.Settings) {
	checkRule(c, s, p)
	switch {
	case c.Rule != nil:
	case p.Given("to"):
		p.OneOf("to", "alertmanager", "webhook")
	case !s.Has(settings.Alertmanager):
		p.At("", "fireAlert needs \"to\", which names an alertmanager or a webhook, or an alertmanager in scenario-runner.yaml; run --sandbox brings one")
	}
	checkAddress("to.alertmanager", c.To.Alertmanager, p)
	checkAddress("to.webhook", c.To.Webhook, p)
	c.To.TLS.Check("to.tls", p)
	if !p.Given("to.webhook") {
		for _, name := range []string{"receiver", "groupBy", "externalURL"} {
			if p.Given("to." + name) {
				p.At("to."+name, "%s means nothing without webhook; Alertmanager decides it by its own configuration", name)
			}
		}
	}
	checkNames("labels", c.Labels, p)
	checkNames("annotations", c.Annotations, p)
	checkStorm(c, p)
	checkTimes(c, p)
}

func checkAddress(path, address string, p *step.Problems) {
	if address == "" {
		return
	}
	if u, err := url.Parse(address); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		p.At(path, "an address starts with http:// or https:// and names a host; found %q", address)
	}
}

// checkNames looks at the keys that are written out.
func checkNames(path string, tree eval.Tree, p *step.Problems) {
	t := tree.Type()
	if p.Given(path) && !slices.Contains([]eval.Kind{eval.Object, eval.Map, eval.Any}, t.Kind) {
		p.At(path, "%s are a mapping from names to texts; found %s", path, t.Kind)
	}
	for _, name := range t.Names() {
		if message := badName(name); message != "" {
			p.At(path+"."+name, "%s", message)
			continue
		}
		if path == "labels" && name == alertname {
			p.AtKey(path+"."+name, "exclusive-fields", "the name of the alert is given by alertname already")
		}
		if !model.LegacyValidation.IsValidLabelName(name) {
			p.Warn(path+"."+name, "alert-label-name", "%q is a name that only newer versions of Prometheus and Alertmanager take; older ones want letters, digits and underscores", name)
		}
	}
}

// badName says what is wrong with the name of a label or an annotation.
func badName(name string) string {
	switch {
	case strings.HasPrefix(name, model.ReservedLabelPrefix):
		return fmt.Sprintf("%q can't be used: names that start with %s are internal to Prometheus", name, model.ReservedLabelPrefix)
	case !model.UTF8Validation.IsValidLabelName(name):
		return fmt.Sprintf("%q is no name of a label", name)
	}
	return ""
}

func checkStorm(c *Config, p *step.Problems) {
	if c.Duplicates < 0 || c.Duplicates > mostDuplicates {
		p.At("duplicates", "each alert can be sent up to %d times more; found %d", mostDuplicates, c.Duplicates)
	}
	if f := c.Flap; f != nil && (f.Times < 1 || f.Firing <= 0 || f.Resolved <= 0) && !p.Dynamic("flap") {
		p.At("flap", "flap needs times, 1 or more, and positive durations; found times %d, firing %s, resolved %s", f.Times, f.Firing, f.Resolved)
	}
	if c.Count < 1 || c.Count > mostAlerts {
		p.At("count", "between 1 and %d alerts can be fired at once; found %d", mostAlerts, c.Count)
	}
	if c.Rate < 0 {
		p.At("rate", "a rate can't be negative; found %v", c.Rate)
	}
	if c.Count > 1 && !usesIndex(c) {
		p.Warn("count", "same-alerts", "all %d alerts have the same labels, so they count as one; put ${{ index }} into a label", c.Count)
	}
}

// usesIndex reports whether what identifies an alert depends on its index. Labels that are one expression may.
func usesIndex(c *Config) bool {
	for _, program := range append(c.Alertname.Programs(), c.Labels.Programs()...) {
		for _, r := range program.References {
			if r.Path[0] == "index" {
				return true
			}
		}
	}
	return false
}

func checkTimes(c *Config, p *step.Problems) {
	start, end := c.times(time.Time{}, p)
	if !start.IsZero() && !end.IsZero() && !end.After(start) {
		p.At("endsAt", "the alert would end before it starts")
	}
	if c.EndsAt != "" && p.Given("to.webhook") {
		p.At("endsAt", "endsAt means nothing for a webhook, where an alert fires until it is resolved; use resolveAfter")
	}
	if p.Given("resolveAfter") && c.Undo == "keep" {
		p.At("resolveAfter", "the alert is resolved after %s, so it can't be kept", c.ResolveAfter)
	}
}

// times parses the times that are given. p may be nil when they were checked before.
func (c *Config) times(now time.Time, p *step.Problems) (start, end time.Time) {
	parse := func(path, text string) time.Time {
		if text == "" {
			return time.Time{}
		}
		t, err := time.Parse(time.RFC3339, text)
		if err != nil && p != nil {
			p.At(path, "%q is no time; write it as in 2026-01-31T12:00:00Z", text)
		}
		return t
	}
	start, end = parse("startsAt", c.StartsAt), parse("endsAt", c.EndsAt)
	if now.IsZero() {
		return start, end
	}
	if end.IsZero() {
		end = now.Add(lifetime)
	}
	return start, end
}
