package firealert

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/endpoint"
	"github.com/scenario-runner/scenario-runner/steps/observe"
	"github.com/scenario-runner/scenario-runner/steps/settings"
)

const (
	// ruleLabel tells the series of one use of the step apart, and nameLabel those of its rules. Both are taken off in the
	// expression, so that no alert has them.
	ruleLabel = "scenario_runner_rule"
	nameLabel = observe.AlertNameOfWord
	// alertMetric is the metric behind the rules that the step makes up: 1 for an alert that is to fire.
	alertMetric = "scenario_runner_alert"
	// usualEvaluation is how often a rule is evaluated when the author does not say.
	usualEvaluation = time.Second
)

// Rule is what makes the alert real: Prometheus raises it by a rule, from samples.
type Rule struct {
	For          time.Duration     `yaml:"for" doc:"How long the condition must be true before the alert fires; until then it is pending. Without it, what the rule in from says, or no time." example:"5s"`
	Every        time.Duration     `yaml:"every" doc:"How often the rule is evaluated; 1s if not given." example:"2s"`
	Dir          string            `yaml:"dir" doc:"Folder from which Prometheus takes its rules. Without it, rulesDir of prometheus in scenario-runner.yaml, or that of the sandbox."`
	From         string            `yaml:"from" doc:"File with the rules of the system under test, inside the scenario's folder. The rule called alertname is copied with its expression, labels and annotations, and with for and every given here." example:"rules/web.yaml" refers:"file"`
	Labels       map[string]string `yaml:"labels" doc:"With from: labels that the alerts of the copy have beside those of the rule, so that they reach the system under test." example:"{team: shop}"`
	Samples      []RuleSample      `yaml:"samples" doc:"Samples that make the expression of the rule in from true." example:"[{metric: up, labels: {job: web}, value: 0}]"`
	Object       *RuleObject       `yaml:"object" doc:"Bring the rule as a PrometheusRule, for a Prometheus that is run by the Prometheus Operator. An empty mapping will do." example:"{labels: {release: monitoring}}"`
	Server       *endpoint.Address `yaml:"server" doc:"The Prometheus. Without it, that of scenario-runner.yaml or of the sandbox." example:"http://127.0.0.1:9090"`
	Alertmanager *endpoint.Address `yaml:"alertmanager" doc:"The Alertmanager that this Prometheus notifies, which is asked whether the alert has come. Without it, that of scenario-runner.yaml or of the sandbox." example:"http://127.0.0.1:9093"`
}

// RuleSample is a time series that has one value as long as the alert fires.
type RuleSample struct {
	Metric string            `yaml:"metric" required:"true" doc:"Name of the metric." example:"up"`
	Labels map[string]string `yaml:"labels" doc:"Labels."`
	Value  float64           `yaml:"value" required:"true" doc:"The value."`
}

// Expect says by when each state must be reached, counted from the first sample.
type Expect struct {
	Pending   time.Duration `yaml:"pending" doc:"All alerts are pending, or firing already, within this time." example:"5s"`
	Firing    time.Duration `yaml:"firing" doc:"All alerts fire within this time." example:"15s"`
	Notified  time.Duration `yaml:"notified" doc:"Alertmanager lists all alerts as active within this time." example:"20s"`
	Receivers []string      `yaml:"receivers" single:"true" doc:"Receivers to which Alertmanager must send the alerts." example:"[pager]"`
	// Suppressed needs no rule.
	Suppressed bool `yaml:"suppressed" doc:"A silence or another alert keeps Alertmanager from notifying; the step waits for that. It works without rule as well."`
}

// checkRule reports mistakes of the way through a rule.
func checkRule(c *Config, s *settings.Settings, p *step.Problems) {
	if c.Rule == nil {
		for _, name := range []string{"pending", "firing", "notified", "receivers"} {
			if p.Given("expect." + name) {
				p.AtKey("expect."+name, "invalid-value", "%s means nothing without rule: only Prometheus takes an alert through its states", name)
			}
		}
		if p.Given("expect.suppressed") && p.Given("to.webhook") {
			p.AtKey("expect.suppressed", "invalid-value", "suppressed means nothing for a webhook: only Alertmanager suppresses alerts")
		}
		return
	}
	for _, name := range []string{"to", "startsAt", "endsAt", "generatorURL", "rate", "duplicates", "order"} {
		if p.Given(name) {
			p.AtKey(name, "exclusive-fields", "%s means nothing with rule; Prometheus decides it", name)
		}
	}
	c.Rule.Server.Check("rule.server", settings.Prometheus, s, p)
	if c.Rule.Alertmanager != nil {
		c.Rule.Alertmanager.Check("rule.alertmanager", settings.Alertmanager, s, p)
	}
	for _, name := range []string{"notified", "receivers"} {
		if p.Given("expect."+name) && c.Rule.Alertmanager == nil && !s.Has(settings.Alertmanager) {
			p.At("expect."+name, "%s", s.Missing(settings.Alertmanager))
		}
	}
	c.Rule.Object.check(p)
	checkCopy(c, p)
	for _, name := range []string{"for", "every"} {
		if span := map[string]time.Duration{"for": c.Rule.For, "every": c.Rule.Every}[name]; span < 0 {
			p.At("rule."+name, "%s: expected a positive duration, found %s", name, span)
		}
	}
}

// checkCopy reports mistakes of a rule that is copied from a file.
func checkCopy(c *Config, p *step.Problems) {
	if !p.Given("rule.from") {
		if p.Given("rule.samples") {
			p.At("rule.samples", "samples belong to a rule that is given by from; without it, labels say which samples there are")
		}
		if p.Given("rule.labels") {
			p.At("rule.labels", "these labels belong to a rule that is given by from; without it, write them under labels of the step")
		}
		return
	}
	if c.Rule.From != "" && !filepath.IsLocal(c.Rule.From) {
		p.At("rule.from", "%q is outside the scenario's folder; paths in a scenario stay inside it", c.Rule.From)
	}
	for _, name := range []string{"labels", "annotations", "count"} {
		if p.Given(name) {
			p.AtKey(name, "exclusive-fields", "%s means nothing with rule.from; the rule and its samples decide it", name)
		}
	}
	if !c.Identify && p.Given("identify") {
		p.At("identify", "the copy of a rule needs the label by which its alerts are told apart from those of the rule itself")
	}
}

// ruleFile is a file of rules, as Prometheus reads it.
type ruleFile struct {
	Groups []ruleGroup `yaml:"groups"`
}

type ruleGroup struct {
	Name     string      `yaml:"name"`
	Interval string      `yaml:"interval,omitempty"`
	Rules    []alertRule `yaml:"rules"`
}

type alertRule struct {
	Alert       string            `yaml:"alert,omitempty"`
	Expr        string            `yaml:"expr"`
	For         string            `yaml:"for,omitempty"`
	Labels      map[string]string `yaml:"labels,omitempty"`
	Annotations map[string]string `yaml:"annotations,omitempty"`
}

// madeUp returns one rule for each name of the alerts. All alerts of a name share their annotations, because they belong
// to the rule.
func (c *Config) madeUp(owner string, alerts []alert) ([]alertRule, error) {
	byName := map[string]alert{}
	for i, a := range alerts {
		name := a.Labels[alertname]
		first, ok := byName[name]
		if !ok {
			byName[name] = a
		} else if !maps.Equal(first.Annotations, a.Annotations) {
			return nil, fmt.Errorf("annotations of alert %d differ from those of the first %s, but they belong to the rule, which both share; let Prometheus fill them in, as in {{ $labels.pod }}", i, name)
		}
	}
	var out []alertRule
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		out = append(out, alertRule{
			Alert: name, For: promDuration(c.Rule.For), Annotations: byName[name].Annotations,
			Expr: fmt.Sprintf("max without (%s, %s) (%s{%s=%q, %s=%q}) > 0", ruleLabel, nameLabel, alertMetric, ruleLabel, owner, nameLabel, name),
		})
	}
	return out, nil
}

// copied returns the rule of that name in the file of the author, and its copy: with the label that tells its alerts
// apart, and with other times.
func (c *Config) copied(name, scenario, folder string) (original groupedRule, rule alertRule, err error) {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return original, rule, fmt.Errorf("rule.from: %w", err)
	}
	defer root.Close() //nolint:errcheck // nothing was written
	data, err := root.ReadFile(c.Rule.From)
	if err != nil {
		return original, rule, fmt.Errorf("rule.from: %w", err)
	}
	if original, err = findRule(data, name); err != nil {
		return original, rule, fmt.Errorf("rule.from: %s: %w", c.Rule.From, err)
	}
	rule = original.alertRule
	if c.Rule.For != 0 {
		rule.For = promDuration(c.Rule.For)
	}
	rule.Labels = map[string]string{}
	maps.Copy(rule.Labels, original.Labels)
	maps.Copy(rule.Labels, c.Rule.Labels)
	rule.Labels[IdentityLabel] = scenario
	return original, rule, nil
}

// groupedRule is a rule with the interval of its group.
type groupedRule struct {
	alertRule
	interval string
}

// findRule finds the alerting rule of that name: in a file of rules or in a PrometheusRule object.
func findRule(data []byte, name string) (groupedRule, error) {
	var file struct {
		ruleFile `yaml:",inline"`
		Spec     ruleFile `yaml:"spec"`
	}
	if err := yaml.Unmarshal(data, &file); err != nil {
		return groupedRule{}, err
	}
	var found []groupedRule
	for _, g := range append(file.Groups, file.Spec.Groups...) {
		for _, r := range g.Rules {
			if r.Alert == name {
				found = append(found, groupedRule{r, g.Interval})
			}
		}
	}
	switch len(found) {
	case 0:
		return groupedRule{}, fmt.Errorf("there is no alerting rule called %q", name)
	case 1:
		return found[0], nil
	}
	return groupedRule{}, fmt.Errorf("there are %d alerting rules called %q; expected one", len(found), name)
}

// promDuration writes a duration as Prometheus reads it.
func promDuration(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return fmt.Sprintf("%dms", d.Milliseconds())
}

var noFileName = regexp.MustCompile(`[^a-zA-Z0-9]+`)

// groupName names the group of rules of one use of the step, and its file.
func groupName(scenario, step string) string {
	return "scenario-runner-" + noFileName.ReplaceAllString(scenario+"-"+step, "-")
}

// writeRules puts a file of rules where Prometheus looks for them.
func writeRules(path string, group ruleGroup) error {
	data, err := yaml.Marshal(ruleFile{Groups: []ruleGroup{group}})
	if err != nil {
		return err
	}
	if err := os.WriteFile(path, data, 0o644); err != nil { //nolint:gosec // Prometheus may be another user
		return fmt.Errorf("write the rule where Prometheus looks for rules: %w", err)
	}
	return nil
}

// removeRules removes a file of rules that may be gone already.
func removeRules(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("remove the rule: %w", err)
	}
	return nil
}
