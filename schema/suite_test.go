package schema_test

import (
	"testing"

	"github.com/scenario-runner/scenario-runner/engine/scenario"
	"github.com/scenario-runner/scenario-runner/engine/source"
	"github.com/scenario-runner/scenario-runner/engine/suite"
)

// TestSuiteSchemaAgreesWithLoader shows that the schema takes what the loader takes, and finds by itself what is no
// matter of files and expressions.
func TestSuiteSchemaAgreesWithLoader(t *testing.T) {
	const head = "apiVersion: scenario-runner/v1\nkind: Suite\nmetadata: {name: a}\nscenarios: [../examples/03-vars.scenario.yaml]\n"
	r := registry(t)
	validator, err := scenario.NewValidator(suite.Schema(r))
	if err != nil {
		t.Fatal(err)
	}
	for text, right := range map[string]bool{
		head: true,
		head + "x-note: {a: [1]}\norder: random\nseed: 1\nparallel: 2\nretries: 1\nfailFast: true\ntimeout: 10m\n":                                            true,
		head + "setup: {steps: [{id: a, set: {b: 1}}, {deploy: {inline: {apiVersion: v1, kind: ConfigMap, metadata: {name: a}}}}], finally: [{sleep: 1s}]}\n": true,
		head + "thresholds: {passRate: 0.5, maxDuration: 1m, maxFlaky: 0}\n":                                                                                  true,
		"apiVersion: scenario-runner/v1\nkind: Suite\nmetadata: {name: a}\nscenarios: [{path: ../examples/03-vars.scenario.yaml, retries: 2}]\n":              true,
		"apiVersion: scenario-runner/v1\nkind: Suite\nmetadata: {name: a}\nscenarios: ../examples/03-vars.scenario.yaml\n":                                    true,
		"apiVersion: scenario-runner/v1\nkind: Suite\nmetadata: {name: a}\n":                                                                                  false,
		head + "order: nmae\n":                      false,
		head + "parallel: ${{ env.A }}\n":           false,
		head + "setup: {steps: []}\n":               false,
		head + "setup: {steps: [{depoly: {}}]}\n":   false,
		head + "setup: {stpes: [{sleep: 1s}]}\n":    false,
		head + "thresholds: {passRate: many}\n":     false,
		head + "thresholds: {passrate: 1}\n":        false,
		head + "timeout: soon\n":                    false,
		head + "retries: '${{ env.A }}'\n":          false,
		head + "scenario: [a]\n":                    false,
		head + "setup: {steps: [{sleep: later}]}\n": false,
	} {
		file, _ := source.Parse("a.suite.yaml", []byte(text))
		if found := validator.Validate(file); found.HasErrors() == right {
			t.Errorf("the schema finds %v in\n%s", found, text)
		}
		loaded, err := suite.Load(t.Context(), r, "a.suite.yaml", []byte(text), scenario.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if loaded.Diagnostics.HasErrors() == right {
			t.Errorf("the loader finds %v in\n%s", loaded.Diagnostics, text)
		}
	}
}
