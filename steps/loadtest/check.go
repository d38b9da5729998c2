package loadtest

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/settings"
)

const (
	usualRequestTimeout = 10 * time.Second
	usualInFlight       = 200
	mostInFlight        = 10_000
	// mostRequests is how many measurements fit into memory without thinking about it.
	mostRequests = 5_000_000
)

func check(c *Config, project *settings.Settings, p *step.Problems) {
	checkRequest(c, p)
	checkStages(c, p)
	if p.Given("maxInFlight") && !p.Dynamic("maxInFlight") && (c.MaxInFlight < 1 || c.MaxInFlight > mostInFlight) {
		p.At("maxInFlight", "expected 1 to %d, found %d", mostInFlight, c.MaxInFlight)
	}
	if c.RequestTimeout <= 0 && !p.Dynamic("requestTimeout") {
		p.At("requestTimeout", "expected a positive duration, found %s", c.RequestTimeout)
	}
	stages := c.stages()
	if total := count(stages); total > mostRequests {
		p.At("", "these are %d requests; a step sends at most %d", total, mostRequests)
	}
	if err := project.Policy.Rate(highest(stages)); err != nil {
		at := "rate"
		if len(c.Stages) > 0 {
			at = "stages"
		}
		p.Mistake(at, "policy", "%s", err)
	}
}

func checkRequest(c *Config, p *step.Problems) {
	if method := strings.ToUpper(c.Method); method != c.Method {
		p.At("method", "a method is written in capitals: %s", method)
	}
	if p.Given("json") && p.Given("body") {
		p.Mistake("body", "exclusive-fields", `only one of json, body can be given; "json" is given already`)
	}
	if text := c.URL; !text.Dynamic() && !text.Empty() {
		address, _ := text.Eval(nil)
		u, err := url.Parse(address)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			p.At("url", "expected an address such as http://127.0.0.1:8080/orders, found %q", address)
		} else if u.Scheme == "http" && p.Given("tls") {
			p.At("tls", "tls means nothing for an address that starts with http://")
		}
	}
	c.TLS.Check("tls", p)
}

func checkStages(c *Config, p *step.Problems) {
	switch {
	case p.Given("stages"):
		for _, field := range []string{"rate", "duration"} {
			if p.Given(field) {
				p.AtKey(field, "exclusive-fields", "only one of stages, %s can be given", field)
			}
		}
		if len(c.Stages) == 0 && !p.Dynamic("stages") {
			p.At("stages", "expected at least one stage")
		}
	case !p.Given("rate"), !p.Given("duration"):
		p.Mistake("", "missing-field", "loadTest needs rate and duration, or stages")
		return
	default:
		checkStage(Stage{Rate: c.Rate, Duration: c.Duration}, "", p)
		return
	}
	for i, s := range c.Stages {
		checkStage(s, fmt.Sprintf("stages.%d.", i), p)
	}
}

func checkStage(s Stage, at string, p *step.Problems) {
	if (s.Rate < 0 || s.Rate == 0 && s.end() == 0) && !p.Dynamic(at+"rate") && !p.Dynamic(at+"to") {
		p.At(at+"rate", "expected a positive rate in requests per second, found %g", s.Rate)
	}
	if s.To != nil && *s.To < 0 {
		p.At(at+"to", "expected a rate of 0 or more, found %g", s.end())
	}
	if s.Duration <= 0 && !p.Dynamic(at+"duration") {
		p.At(at+"duration", "expected a positive duration, found %s", s.Duration)
	}
}
