// Package check is the closed list of what validation looks for: each check with its name, how bad its findings are, why
// it is there and what cures them. Reports, documentation and silencing comments go by these names, so a name does not
// change once it is released. It finds nothing itself but the comments that silence others.
package check

import (
	"slices"

	"github.com/scenario-runner/scenario-runner/engine/diag"
)

// Group is the part of the reference that a check belongs to.
type Group string

// The groups, in the order of the reference.
const (
	YAML        Group = "YAML"
	Fields      Group = "Fields and values"
	Steps       Group = "Steps and their order"
	Expressions Group = "Expressions"
	Manifests   Group = "Manifests"
	Reuse       Group = "Templates, matrix, suites and configuration"
	Judgement   Group = "Scenarios that prove nothing"
	Advice      Group = "Advice"
	Silencing   Group = "Silencing"
)

// Groups lists the groups in the order of the reference.
func Groups() []Group {
	return []Group{YAML, Fields, Steps, Expressions, Manifests, Reuse, Judgement, Advice, Silencing}
}

// Check is one row of the table.
type Check struct {
	Name     string // lower case, words joined by hyphens
	Group    Group
	Severity diag.Severity
	Meaning  string // what is wrong, as one sentence
	Why      string // why it matters
	Cure     string // what to do about it
	// Keep says why a warning can't be silenced; "" means that it can. Errors never can.
	Keep string
}

// Silenceable reports whether a comment may silence the check.
func (c Check) Silenceable() bool { return c.Refusal() == "" }

// Refusal says why the check can't be silenced, "" when it can.
func (c Check) Refusal() string {
	if c.Severity == diag.Error {
		return "a file with this mistake can't run"
	}
	return c.Keep
}

// All returns the table in the order of the reference.
func All() []Check {
	return slices.Concat(yamlChecks(), fieldChecks(), stepChecks(), expressionChecks(), manifestChecks(), reuseChecks(),
		judgementChecks(), adviceChecks(), silencingChecks())
}

// Names returns the names of all checks, sorted.
func Names() []string {
	var names []string
	for _, c := range All() {
		names = append(names, c.Name)
	}
	slices.Sort(names)
	return names
}

// Get returns the check with that name.
func Get(name string) (Check, bool) {
	all := All()
	i := slices.IndexFunc(all, func(c Check) bool { return c.Name == name })
	if i < 0 {
		return Check{}, false
	}
	return all[i], true
}

// HelpURI is the page that describes the check of that name: docs/checks.md of the project.
func HelpURI(name string) string {
	return "https://github.com/scenario-runner/scenario-runner/blob/main/docs/checks.md#" + name
}
