package schema_test

import (
	"testing"

	"github.com/scenario-runner/scenario-runner/engine/config"
	"github.com/scenario-runner/scenario-runner/engine/scenario"
	"github.com/scenario-runner/scenario-runner/engine/source"
)

// TestConfigSchemaAgreesWithLoader shows that the schema takes what the loader takes, and finds by itself what is no
// matter of files and of what values mean.
func TestConfigSchemaAgreesWithLoader(t *testing.T) {
	const head = "apiVersion: scenario-runner/v1\nkind: Config\n"
	validator, err := scenario.NewValidator(config.Schema())
	if err != nil {
		t.Fatal(err)
	}
	for text, right := range map[string]bool{
		head: true,
		head + "x-shared: {a: [1]}\nenvironment: A\nclusters: {default: {context: a}}\n":                                 true,
		head + "prometheus: http://a\nalertmanager: {url: http://b, headers: {A: b, C: {env: D}}, tls: {ca: a}}\n":       true,
		head + "connections: {a: {type: postgres, host: b, port: 1, statementTimeout: 5s, passwordFrom: {file: c}}}\n":   true,
		head + "defaults: {parallel: 2, output: text, cleanup: keep, timeout: 1h30m, failFast: true}\n":                  true,
		head + "policy: {contexts: 'a*', forbiddenNamespaces: [], forbiddenSteps: [run], maxPods: 1, maxDuration: 1m}\n": true,
		"kind: Config\n":                                    false,
		head + "cluster: {}\n":                              false,
		head + "clusters: {a: b}\n":                         false,
		head + "defaults: {parallel: '${{ vars.a }}'}\n":    false,
		head + "defaults: {timeout: '${{ vars.a }}'}\n":     false,
		head + "defaults: {timeout: soon}\n":                false,
		head + "defaults: {cleanup: '${{ vars.a }}'}\n":     false,
		head + "connections: {a: {host: b}}\n":              false,
		head + "connections: {a: {type: mysql, host: b}}\n": false,
		head + "policy: {maxPods: many}\n":                  false,
		head + "policy: {maxpods: 1}\n":                     false,
		"apiVersion: scenario-runner/v1\nkind: Scenario\n":  false,
	} {
		file, _ := source.Parse(config.FileName, []byte(text))
		found := validator.Validate(file)
		if found.HasErrors() == right {
			t.Errorf("the schema finds %v in\n%s", found, text)
		}
		if _, diags := config.Load(config.FileName, []byte(text), config.Options{}); diags.HasErrors() == right {
			t.Errorf("the loader finds %v in\n%s", diags, text)
		}
	}
}
