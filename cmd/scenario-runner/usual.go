package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/scenario-runner/scenario-runner/engine/field"
)

// usual is what a configuration says of one flag of run.
type usual struct {
	flag   string
	values []string
	at     string
}

// usuals returns the defaults of the configuration, in the order of its documentation.
func (p *project) usuals() []usual {
	d := p.Defaults
	all := []struct {
		key, flag string
		values    []string
	}{
		{"parallel", "parallel", []string{strconv.Itoa(d.Parallel)}},
		{"retries", "retries", []string{strconv.Itoa(d.Retries)}},
		{"failFast", "fail-fast", []string{strconv.FormatBool(d.FailFast)}},
		{"drift", "drift", []string{strconv.FormatBool(d.Drift)}},
		{"failOnFlaky", "fail-on-flaky", []string{strconv.FormatBool(d.FailOnFlaky)}},
		{"timeout", "timeout", []string{field.FormatDuration(d.Timeout)}},
		{"stepTimeout", "step-timeout", []string{field.FormatDuration(d.StepTimeout)}},
		{"cleanup", "cleanup", []string{d.Cleanup}},
		{"cleanupTimeout", "cleanup-timeout", []string{field.FormatDuration(d.CleanupTimeout)}},
		{"output", "output", d.Output},
	}
	var out []usual
	for _, one := range all {
		if !p.Given("defaults", one.key) {
			continue
		}
		u := usual{flag: one.flag, at: p.At("defaults", one.key).String()}
		for _, value := range one.values {
			u.values = append(u.values, p.reportFile(value))
		}
		out = append(out, u)
	}
	return out
}

// applyUsuals gives the flags that neither the command line nor the environment sets the values of the configuration.
func (p *project) applyUsuals(cmd *cobra.Command) error {
	for _, u := range p.usuals() {
		if cmd.Flags().Changed(u.flag) {
			continue
		}
		for _, value := range u.values {
			if err := cmd.Flags().Set(u.flag, value); err != nil {
				return fmt.Errorf("%s: %w", u.at, err)
			}
		}
	}
	return nil
}

// variable is the environment variable that sets a flag.
func variable(flag string) string {
	return "SCENARIO_RUNNER_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// configuration reads the configuration for the doctor, to whom a broken one is one finding among others.
func configuration(cmd *cobra.Command) (*project, []finding) {
	file, err := configFile(cmd)
	if err != nil {
		return noProject(), []finding{{Level: levelError, Topic: "config", Text: err.Error()}}
	}
	p, diags, _, err := readProject(file)
	switch {
	case err != nil:
		return noProject(), []finding{{Level: levelError, Topic: "config", Text: err.Error()}}
	case p == nil:
		return noProject(), []finding{{Level: levelError, Topic: "config", Text: diags.Error(), Cure: "scenario-runner validate shows all mistakes with their places"}}
	}
	return p, p.findings()
}

// findings say which configuration counts and where what it says comes from.
func (p *project) findings() []finding {
	if p.File() == "" {
		return []finding{{Level: levelOK, Topic: "config", Text: "no scenario-runner.yaml in this folder or in those above it, up to the one with .git"}}
	}
	found := []finding{{Level: levelOK, Topic: "config", Text: p.File() + " counts here"}}
	for _, u := range p.usuals() {
		text := fmt.Sprintf("%s is %s (%s)", u.flag, strings.Join(u.values, ", "), u.at)
		if value, ok := os.LookupEnv(variable(u.flag)); ok {
			text = fmt.Sprintf("%s is %s (%s), not %s (%s)", u.flag, value, variable(u.flag), strings.Join(u.values, ", "), u.at)
		}
		found = append(found, finding{Level: levelOK, Topic: "config", Text: text})
	}
	return found
}
