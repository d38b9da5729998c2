// Package outline tells a language server which Kubernetes objects manifests hold, how scenarios name them, and where a
// definition of a custom kind declares a field. It reads what it is given and reaches no cluster.
package outline

import (
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/scenario-runner/scenario-runner/engine/lsp"
	"github.com/scenario-runner/scenario-runner/engine/source"
	"github.com/scenario-runner/scenario-runner/steps/deploy/manifest"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/kinds"
)

// Objects is what a language server asks about Kubernetes. The zero value is ready to use.
type Objects struct {
	builtin kinds.Catalogue
}

// Files returns the files that the text of a field with manifests stands for. What can't be read is said by the check of
// the step.
func (o *Objects) Files(dir, name string) []string {
	if dir == "" || name == "" {
		return nil
	}
	files, err := manifest.Files(dir, name)
	if err != nil {
		return nil
	}
	return files
}

// Of returns the objects that a document of a manifest holds: itself, or the items of a List.
func (o *Objects) Of(n *yaml.Node) []lsp.Object {
	kind, version := text(n, "kind"), text(n, "apiVersion")
	if kind == nil || version == nil {
		return nil
	}
	if items, _ := source.Lookup(n, "items"); strings.HasSuffix(kind.Value, "List") && items != nil {
		var out []lsp.Object
		for _, item := range items.Content {
			out = append(out, o.Of(source.Follow(item))...)
		}
		return out
	}
	metadata, _ := source.Lookup(n, "metadata")
	name := text(metadata, "name")
	if name == nil || strings.Contains(name.Value, "${{") {
		return nil
	}
	return []lsp.Object{{
		Reference: o.word(version.Value, kind.Value) + "/" + name.Value,
		Kind:      kind.Value, Name: name.Value, APIVersion: version.Value, Node: name,
	}}
}

// text returns the scalar under a key.
func text(n *yaml.Node, key string) *yaml.Node {
	value, _ := source.Lookup(n, key)
	if value = source.Follow(value); value == nil || value.Kind != yaml.ScalarNode || value.Value == "" {
		return nil
	}
	return value
}

// word is what scenarios call the kind of a single object.
func (o *Objects) word(apiVersion, kind string) string {
	if k, ok := o.builtin.Find(apiVersion, kind); ok {
		return k.Singular
	}
	return strings.ToLower(kind)
}

// Kinds lists the plural names of the built-in kinds.
func (o *Objects) Kinds() []string {
	var out []string
	for _, k := range o.builtin.All() {
		if !slices.Contains(out, k.Plural) {
			out = append(out, k.Plural)
		}
	}
	slices.Sort(out)
	return out
}

// Means reports whether the text of a scenario names the object. Of custom kinds the plural is taken to be regular.
func (o *Objects) Means(name string, object lsp.Object) bool {
	ref, err := kube.ParseRef(name)
	if err != nil || ref.Name != object.Name || ref.APIVersion != "" && ref.APIVersion != object.APIVersion {
		return false
	}
	if k, ok := o.builtin.Find(ref.APIVersion, ref.Kind); ok {
		return k.Name == object.Kind
	}
	word, _, _ := strings.Cut(strings.ToLower(ref.Kind), ".")
	kind := strings.ToLower(object.Kind)
	return word == kind || word == kind+"s" || word == kind+"es"
}

// Declared returns the node of a CustomResourceDefinition that declares a field.
func (o *Objects) Declared(string, *yaml.Node) *yaml.Node { return nil }
