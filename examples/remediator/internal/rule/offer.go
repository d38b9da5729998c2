package rule

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/action"
	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/alert"
	"github.com/scenario-runner/scenario-runner/examples/remediator/internal/remedy"
)

// Offer is what one rule that matches an alert allows.
type Offer struct {
	Action     string         `json:"action"`
	Risk       action.Risk    `json:"risk"`
	Parameters map[string]any `json:"parameters,omitempty"`
}

// Offers returns every action that a rule allows for the alert, in the order of the rules.
// Of several rules with the same action the first counts.
func (s *Set) Offers(a alert.Alert) ([]Offer, error) {
	var offers []Offer
	for _, rule := range s.rules {
		if !rule.matches(a) || slices.ContainsFunc(offers, func(o Offer) bool { return o.Action == rule.kind.Name }) {
			continue
		}
		parameters, err := rule.values()
		if err != nil {
			return nil, err
		}
		offers = append(offers, Offer{Action: rule.kind.Name, Risk: rule.kind.Risk, Parameters: parameters})
	}
	return offers, nil
}

// values returns the parameters as the rule gives them.
func (r rule) values() (map[string]any, error) {
	values := make(map[string]any)
	if r.parameters == nil {
		return values, nil
	}
	if err := r.parameters.Decode(&values); err != nil {
		return nil, fmt.Errorf("read the parameters of %s: %w", r.kind.Name, err)
	}
	return values, nil
}

// Choose decides for an action that was offered, with other numbers where given. What is no
// number, such as the command of a job, and the bounds stay as the rule says, so that
// whoever chooses can't widen what the rule allows.
func (s *Set) Choose(a alert.Alert, name string, numbers map[string]any) (*remedy.Decision, error) {
	for _, rule := range s.rules {
		if !rule.matches(a) || rule.kind.Name != name {
			continue
		}
		var err error
		if rule.action, err = rule.with(numbers); err != nil {
			return nil, err
		}
		return s.decide(rule, a)
	}
	return nil, fmt.Errorf("no rule allows %q for this alert", name)
}

// with returns the action of the rule with other numbers.
func (r rule) with(numbers map[string]any) (action.Action, error) {
	if len(numbers) == 0 {
		return r.action, nil
	}
	values, err := r.values()
	if err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(numbers)) {
		if !isNumber(values[name]) || !isNumber(numbers[name]) {
			return nil, fmt.Errorf("parameter %q can't be chosen; only numbers that the rule gives can", name)
		}
		if strings.HasPrefix(name, "max") || strings.HasPrefix(name, "min") {
			return nil, fmt.Errorf("parameter %q can't be chosen; it is a bound of the rule", name)
		}
		values[name] = numbers[name]
	}
	var node yaml.Node
	if err := node.Encode(values); err != nil {
		return nil, fmt.Errorf("encode the parameters of %s: %w", r.kind.Name, err)
	}
	problems := &Problems{File: "the chosen parameters"}
	made := problems.parameters(&node, &node, r.kind)
	if len(problems.List) > 0 {
		return nil, fmt.Errorf("%s", problems.List[0].Text)
	}
	return made, nil
}

// isNumber reports whether a value is one.
func isNumber(value any) bool {
	switch value.(type) {
	case int, int64, float64:
		return true
	}
	return false
}
