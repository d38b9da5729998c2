// Package rule reads the rule file, which maps alerts to actions, and decides by it. It
// does not carry anything out.
package rule

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/action"
	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/alert"
	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/remedy"
)

// Set is the rules of one file.
type Set struct {
	rules       []rule
	forbidden   []string
	maxRisk     action.Risk
	correlation correlation
}

// correlation says which alerts have one cause.
type correlation struct {
	labels []string
	window time.Duration
}

// rule is one mapping of alerts to an action.
type rule struct {
	rank       int
	alerts     []string
	match      []matcher
	kind       action.Kind
	action     action.Action
	parameters *yaml.Node
	target     target
	cooldown   time.Duration
	timeout    time.Duration
	forbidden  []string
	maxRisk    action.Risk
	rollback   bool
}

// matcher demands that a label has one of some values.
type matcher struct {
	label  string
	values []string
}

// target is how the target is made from an alert.
type target struct {
	kind                      string
	namespace, name, selector template
}

// Len returns the number of rules.
func (s *Set) Len() int { return len(s.rules) }

// Decide applies the first rule that matches the alert.
func (s *Set) Decide(_ context.Context, a alert.Alert) (*remedy.Decision, error) {
	for _, rule := range s.rules {
		if rule.matches(a) {
			return s.decide(rule, a)
		}
	}
	return nil, nil
}

// matches reports whether a rule is about the alert.
func (r rule) matches(a alert.Alert) bool {
	if !slices.Contains(r.alerts, a.Name()) {
		return false
	}
	for _, matcher := range r.match {
		if !slices.Contains(matcher.values, a.Labels[matcher.label]) {
			return false
		}
	}
	return true
}

// decide makes a decision of a rule that matches.
func (s *Set) decide(rule rule, a alert.Alert) (*remedy.Decision, error) {
	decision := &remedy.Decision{
		ActionName: rule.kind.Name,
		Action:     rule.action,
		Target:     action.Target{Kind: rule.target.kind},
		Cooldown:   rule.cooldown,
		Timeout:    rule.timeout,
		Rollback:   rule.rollback,
	}
	if decision.Cause = s.correlation.cause(a); decision.Cause != "" {
		decision.Window, decision.Rank = s.correlation.window, rule.rank
	}
	if err := rule.target.render(a, &decision.Target); err != nil {
		return decision, fmt.Errorf("find the target: %w", err)
	}
	namespace := decision.Target.Namespace
	if namespace != "" && (slices.Contains(s.forbidden, namespace) || slices.Contains(rule.forbidden, namespace)) {
		decision.Forbidden = fmt.Sprintf("the rules forbid actions in namespace %q", namespace)
	}
	for _, most := range []action.Risk{rule.maxRisk, s.maxRisk} {
		if most != "" && rule.kind.Risk.Above(most) && decision.Forbidden == "" {
			decision.Forbidden = fmt.Sprintf("the risk of %s is %s, and the rules allow %s at most", rule.kind.Name, rule.kind.Risk, most)
		}
	}
	return decision, nil
}

// cause returns what the alert has in common with others of the same cause. An alert that lacks a label stands alone.
func (c correlation) cause(a alert.Alert) string {
	parts := make([]string, len(c.labels))
	for i, name := range c.labels {
		if a.Labels[name] == "" {
			return ""
		}
		parts[i] = name + "=" + a.Labels[name]
	}
	return strings.Join(parts, ", ")
}

// render fills in the target of an alert.
func (t target) render(a alert.Alert, into *action.Target) (err error) {
	if into.Namespace, err = t.namespace.render(a); err != nil {
		return err
	}
	if into.Name, err = t.name.render(a); err != nil {
		return err
	}
	if into.Selector, err = t.selector.render(a); err != nil {
		return err
	}
	if !t.selector.empty() {
		return checkSelector(into.Selector)
	}
	return nil
}
