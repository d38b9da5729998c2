package schema_test

import (
	"os"
	"slices"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/scenario-runner/scenario-runner/engine/scenario"
	"github.com/scenario-runner/scenario-runner/engine/source"
)

// planted are the values that are put in the place of every value of a file: right and wrong ones for every type, and what
// YAML, Go and JSON read in different ways.
func planted(t *testing.T) []*yaml.Node {
	t.Helper()
	var out []*yaml.Node
	for _, text := range []string{
		"null", "~", "true", "False", "yes", "0", "-1", "0x1F", "0o17", "1_000", "1.5", "1e3", "1.0", ".inf", ".nan", "99999999999999999999",
		"text", `""`, `"1"`, "5s", "+5s", ".5s", "1h30m", "3µs", "1d", "2026-01-02", `!!int "5"`, "!!str 5", "!odd 5", "!!float 1",
		"[]", "[null]", "[1]", "[text]", "[[]]", "[{}]", "{}", "{a: null}", "{a: 1}", "{1: a}", "{<<: {a: 1}}",
		`"${{ 1 }}"`, `"${{ true }}"`, `" ${{ 1 }}"`, `"a ${{ 1 }}"`, `"${{ [1] }}"`, `"${{"`, "Scenario", "scenario-runner/v1",
	} {
		var n yaml.Node
		if err := yaml.Unmarshal([]byte(text), &n); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		out = append(out, n.Content[0])
	}
	return out
}

// each is how many of the planted values are tried at one place; the next place goes on with those after them.
const each = 13

// mutate calls found for each tree in which one value is another, one key is gone, or one key has another name.
func mutate(root *yaml.Node, values []*yaml.Node, next *int, found func()) {
	for i := range root.Content {
		kept := root.Content[i]
		if root.Kind == yaml.MappingNode && i%2 == 0 {
			whole := root.Content
			root.Content = slices.Delete(slices.Clone(whole), i, i+2)
			found()
			root.Content = whole
			root.Content[i] = &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: kept.Value + "x"}
			found()
			root.Content[i] = kept
			continue
		}
		for range each {
			root.Content[i] = values[*next%len(values)]
			*next++
			found()
		}
		root.Content[i] = kept
		mutate(kept, values, next, found)
	}
}

// TestQuickGateIsNeverWrong compares the second gate's own look at a file with what the library says, over many thousand
// variations of files: what is certain without the library is right, and every right file is certain.
func TestQuickGateIsNeverWrong(t *testing.T) {
	loader, err := scenario.NewLoader(registry(t), scenario.Options{})
	if err != nil {
		t.Fatal(err)
	}
	gate, values := loader.Validator(), planted(t)
	next, compared, right, asked := 0, 0, 0, 0
	for _, path := range shipped(t) {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if s, _ := loader.Load(path, data); s == nil {
			continue
		}
		file, _ := source.Parse(path, data)
		if !gate.Certain(file) {
			t.Errorf("%s is right, and the library has to be asked", path)
		}
		mutate(file.Root, values, &next, func() {
			compared++
			certain, violations := gate.Certain(file), gate.Violations(file)
			if certain && len(violations) > 0 {
				text, _ := yaml.Marshal(file.Root)
				t.Fatalf("%s is taken without asking, and the library says %v\n%s", path, violations, text)
			}
			if len(violations) == 0 {
				right++
				if !certain {
					asked++
				}
			}
		})
	}
	if compared < 10_000 || right < 1000 || compared-right < 1000 || asked > right/50 {
		t.Errorf("compared %d files, of which %d are right and %d of these were asked about", compared, right, asked)
	}
}
