package schema_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/scenario-runner/scenario-runner/engine/scenario"
	"github.com/scenario-runner/scenario-runner/engine/source"
)

// templates lists the template files of the project.
func templates(t *testing.T) []string {
	t.Helper()
	var files []string
	for _, pattern := range []string{"../examples/library/*.template.yaml", "../scenarios/*/*.template.yaml"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	if len(files) == 0 {
		t.Fatal("the project ships no template")
	}
	return files
}

// TestTemplateSchemaAgreesWithLoader shows that the published schema takes the templates that the loader takes, and
// refuses by itself what is no matter of expressions or files.
func TestTemplateSchemaAgreesWithLoader(t *testing.T) {
	r := registry(t)
	loader, err := scenario.NewLoader(r, scenario.Options{})
	if err != nil {
		t.Fatal(err)
	}
	validator, err := scenario.NewValidator(scenario.TemplateSchema(r))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range templates(t) {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if opened := loader.Open(path, data); opened.Template == nil {
			t.Errorf("the loader refuses %s: %v", path, opened.Diagnostics)
		}
		file, _ := source.Parse(path, data)
		for _, d := range validator.Validate(file) {
			t.Errorf("the loader takes the file, the schema does not: %v", d)
		}
	}
	const head = "apiVersion: scenario-runner/v1\nkind: Template\nmetadata: {name: a}\n"
	const steps = "steps:\n  - assert: \"true\"\n"
	for name, text := range map[string]string{
		"type": head + "parameters: {a: strin}\n" + steps, "of": head + "parameters: {a: {type: list, of: list}}\n" + steps,
		"no-type": head + "parameters: {a: {default: 1}}\n" + steps, "field": head + "vars: {a: 1}\n" + steps,
		"no-steps": head, "output": head + "outputs: {a: {valu: 1}}\n" + steps, "step": head + "steps:\n  - asert: \"true\"\n",
	} {
		file, _ := source.Parse(name+".yaml", []byte(text))
		if opened := loader.Open(name+".yaml", []byte(text)); opened.Template != nil {
			t.Errorf("the loader takes\n%s", text)
		}
		if name != "output" && !validator.Validate(file).HasErrors() { // a value may be any mapping
			t.Errorf("the schema takes\n%s", text)
		}
	}
}
