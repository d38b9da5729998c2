package schema_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/scenario-runner/scenario-runner/engine/scenario"
	"github.com/scenario-runner/scenario-runner/engine/source"
	"github.com/scenario-runner/scenario-runner/engine/step"
	"github.com/scenario-runner/scenario-runner/steps/builtin"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/settings"
)

func registry(t *testing.T) *step.Registry {
	t.Helper()
	env := kube.NewEnv(kube.Options{Settings: settings.Settings{
		Connections: map[string]settings.Connection{"history": {Name: "history", Type: settings.Postgres, Host: "127.0.0.1", Database: "history", User: "qa"}},
	}})
	t.Cleanup(func() { env.Close() })
	return builtin.New(env)
}

// shipped lists the scenarios of the project, and every file that tests of the loader keep.
func shipped(t *testing.T) []string {
	t.Helper()
	var files []string
	for _, root := range []string{"../examples", "../scenarios", "../engine/scenario/testdata"} {
		err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
			if err == nil && !d.IsDir() && filepath.Ext(path) == ".yaml" {
				files = append(files, path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return files
}

var ours = regexp.MustCompile(`(?m)^kind: Scenario`)

// TestSchemaAgreesWithLoader shows that the published schema, with the clauses that editors need, takes every file that
// the loader takes.
func TestSchemaAgreesWithLoader(t *testing.T) {
	r := registry(t)
	loader, err := scenario.NewLoader(r, scenario.Options{})
	if err != nil {
		t.Fatal(err)
	}
	validator, err := scenario.NewValidator(scenario.Schema(r))
	if err != nil {
		t.Fatal(err)
	}
	taken := 0
	for _, path := range shipped(t) {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		loaded, _ := loader.Load(path, data)
		if loaded == nil || !ours.Match(data) {
			continue
		}
		taken++
		file, _ := source.Parse(path, data)
		for _, d := range validator.Validate(file) {
			t.Errorf("the loader takes the file, the schema does not: %v", d)
		}
	}
	if taken < 20 {
		t.Errorf("only %d files were compared", taken)
	}
}

// TestSchemaAndLoaderRefuse shows that the schema finds by itself what is no matter of expressions, references or files.
func TestSchemaAndLoaderRefuse(t *testing.T) {
	const head = "apiVersion: scenario-runner/v1\nkind: Scenario\nmetadata: {name: a}\nsteps:\n"
	r := registry(t)
	loader, err := scenario.NewLoader(r, scenario.Options{})
	if err != nil {
		t.Fatal(err)
	}
	validator, err := scenario.NewValidator(scenario.Schema(r))
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		head + "  - depoy: {}\n", head + "  - {}\n", head + "  - sleep: 1s\n    fail: x\n", head + "  - sleep: soon\n",
		head + "  - id: A-b\n    assert: \"true\"\n", head + "  - assert: {tat: \"true\"}\n", head + "  - scale: {}\n",
		head + "  - assert: \"true\"\n    background: maybe\n", head + "  - assert: \"true\"\n    retry: {attempts: many}\n",
		head + "  - patch: {object: a/b, patch: {}, type: mrge}\n  - assert: \"true\"\n", head + "  - assert: \"true\"\nextra: 1\n",
		strings.Replace(head, "v1", "v2", 1) + "  - assert: \"true\"\n", strings.Replace(head, "name: a", "nam: a", 1) + "  - assert: \"true\"\n",
	} {
		file, _ := source.Parse("a.yaml", []byte(text))
		if _, diags := loader.Load("a.yaml", []byte(text)); !diags.HasErrors() {
			t.Errorf("the loader takes\n%s", text)
		}
		if !validator.Validate(file).HasErrors() {
			t.Errorf("the schema takes\n%s", text)
		}
	}
}

// TestMessagesAreTheSame compares what the schema says to editors with what the command says.
func TestMessagesAreTheSame(t *testing.T) {
	const head = "apiVersion: scenario-runner/v1\nkind: Scenario\nmetadata: {name: a}\nsteps:\n"
	r := registry(t)
	loader, err := scenario.NewLoader(r, scenario.Options{})
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(scenario.Schema(r))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ text, message string }{
		{"  - sleep: soon\n", "for: expected a duration such as 30s"},
		{"  - waitFor: {object: a/b, ready: 3}\n", "ready: expected true or false"},
		{"  - scale: {object: a/b, replicas: many}\n  - assert: \"true\"\n", "replicas: expected a whole number"},
		{"  - assert: \"true\"\n    retry: {attempts: 3, factor: big}\n", "factor: expected a number"},
		{"  - assert: \"true\"\n    retry: {attempts: 3, delay: later}\n", "delay: expected a duration such as 30s"},
		{"  - {}\n", "a step needs a kind, such as deploy, waitFor or assert"},
		{"  - assert: \"true\"\n    sleep: 1s\n", `a step holds one action, and this one has "assert" already; begin another step with "- "`},
		{"  - id: 3x\n    assert: \"true\"\n", "must start with a lower-case letter and have only lower-case letters, digits and underscores"},
	} {
		quoted, err := json.Marshal(test.message)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(data, bytes.Trim(quoted, `"`)) {
			t.Errorf("the schema never says %s", test.message)
		}
		_, diags := loader.Load("a.yaml", []byte(head+test.text))
		if len(diags) == 0 || !strings.Contains(diags[0].Message, test.message) {
			t.Errorf("the command says %v, the schema %s", diags, test.message)
		}
	}
}
