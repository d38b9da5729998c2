package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/scenario-runner/scenario-runner/engine/diag"
	"github.com/scenario-runner/scenario-runner/engine/eval"
	"github.com/scenario-runner/scenario-runner/engine/field"
	"github.com/scenario-runner/scenario-runner/engine/source"
)

// Options are what a configuration is checked against. Empty lists check nothing.
type Options struct {
	Kinds   []string // step kinds, for policy.forbiddenSteps
	Outputs []string // kinds of reports, for defaults.output
}

// Find looks for a configuration file in dir and in the folders above it, up to the one that holds .git. It returns ""
// when there is none.
func Find(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	for {
		file := filepath.Join(dir, FileName)
		info, err := os.Stat(file)
		switch {
		case err == nil && info.IsDir():
			return "", fmt.Errorf("%s is a folder; the configuration is a file of this name", file)
		case err == nil:
			return file, nil
		case !errors.Is(err, fs.ErrNotExist):
			return "", err
		}
		parent := filepath.Dir(dir)
		if _, err := os.Stat(filepath.Join(dir, ".git")); err == nil || parent == dir {
			return "", nil
		}
		dir = parent
	}
}

// Load checks a configuration file. The Config is nil when there is an error among the diagnostics.
func Load(name string, data []byte, options Options) (*Config, diag.List) {
	file, diags := source.Parse(name, data)
	if file.Root == nil {
		return nil, diags.Sorted()
	}
	root := source.Follow(file.Root)
	if root.Kind != yaml.MappingNode {
		diags.Add(file.Range(root), "wrong-type", "a configuration is a mapping that starts with apiVersion and kind")
		return nil, diags
	}
	dynamic := false
	for _, n := range expressions(root, nil) {
		dynamic = true
		diags.Add(file.Range(n), "invalid-value", "a configuration holds no expressions; found %q", n.Value)
	}
	fresh := func() reflect.Value { return reflect.New(reflect.TypeFor[Config]()).Elem() }
	var found diag.List
	decoder := &field.Decoder{File: file, Diags: &found}
	body, _ := decoder.Compile(withoutExtras(root), "the configuration", field.Describe(reflect.TypeFor[Config]()), eval.NewEnv(), fresh)
	c, _ := body.Static().Addr().Interface().(*Config)
	c.file, c.body = file, body
	if !dynamic { // else what is missing may only be not evaluated
		diags = append(diags, found...)
		var follows diag.List
		(&checker{config: c, diags: &follows, options: options}).check()
		diags = append(diags, follows.Apart(found)...)
	}
	if diags.HasErrors() {
		return nil, diags.Sorted()
	}
	return c, diags.Sorted()
}

// withoutExtras leaves out the keys that start with x-, which hold anything: that is where anchors are kept.
func withoutExtras(root *yaml.Node) *yaml.Node {
	trimmed := *root
	trimmed.Content = nil
	for i := 0; i+1 < len(root.Content); i += 2 {
		if !strings.HasPrefix(root.Content[i].Value, "x-") {
			trimmed.Content = append(trimmed.Content, root.Content[i], root.Content[i+1])
		}
	}
	return &trimmed
}

// expressions returns the scalars below n that hold ${{.
func expressions(n *yaml.Node, found []*yaml.Node) []*yaml.Node {
	if n.Kind == yaml.ScalarNode && strings.Contains(n.Value, "${{") && !slices.Contains(found, n) {
		return append(found, n)
	}
	for _, child := range n.Content {
		found = expressions(child, found)
	}
	return found
}

// Fields describes the top of a configuration file, for documentation and layout.
func Fields() []field.Field { return field.Describe(reflect.TypeFor[Config]()).Fields }

// Schema returns the draft-07 JSON schema of configuration files.
func Schema() *field.Schema {
	document := field.Describe(reflect.TypeFor[Config]()).Schema(nil).WithoutExpressions()
	head := field.NewSchema().
		Set("$schema", "http://json-schema.org/draft-07/schema#").
		Set("title", "configuration").
		Set("description", "What all scenarios of a project share, and the policy that none can override.")
	for _, key := range document.Keys() {
		head.Set(key, document.Get(key))
	}
	return head.Set("patternProperties", field.NewSchema().Set("^x-", field.NewSchema()))
}
