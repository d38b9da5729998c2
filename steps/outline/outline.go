// Package outline tells a language server which Kubernetes objects manifests hold, how scenarios name them, and where a
// definition of a custom kind declares a field. It reads what it is given and reaches no cluster.
package outline

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/scenario-runner/scenario-runner/engine/lsp"
	"github.com/scenario-runner/scenario-runner/engine/source"
	"github.com/scenario-runner/scenario-runner/steps/kube"
	"github.com/scenario-runner/scenario-runner/steps/kube/kinds"
	"github.com/scenario-runner/scenario-runner/steps/kube/manifest"
)

// Objects is what a language server asks about Kubernetes. The zero value knows what is built in and what scenarios bring along.
type Objects struct {
	// Shared are files and folders with definitions that all scenarios of a project share.
	Shared  []string
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

// Definitions returns the files with definitions beside a scenario in that folder, and those of the project.
func (o *Objects) Definitions(dir string) []string {
	var out []string
	for _, place := range append([]string{filepath.Join(dir, kinds.Folder)}, o.Shared...) {
		if info, err := os.Stat(place); err == nil && !info.IsDir() {
			out = append(out, place)
			continue
		}
		for _, pattern := range []string{"*.yaml", "*.yml", "*.json"} {
			found, _ := filepath.Glob(filepath.Join(place, pattern)) // the patterns are right
			out = append(out, found...)
		}
	}
	return out
}

// Declared returns the key of a field in the CustomResourceDefinition that declares it. An origin has the name of the
// definition, a version of it, and the way from the schema of that version to the field.
func (o *Objects) Declared(origin string, definition *yaml.Node) *yaml.Node {
	parts := strings.SplitN(origin, " ", 3)
	spec, _ := source.Lookup(definition, "spec")
	names, _ := source.Lookup(spec, "names")
	plural, group := text(names, "plural"), text(spec, "group")
	if len(parts) < 3 || plural == nil || group == nil || !strings.EqualFold(plural.Value+"."+group.Value, parts[0]) {
		return nil
	}
	versions, _ := source.Lookup(spec, "versions")
	if versions = source.Follow(versions); versions == nil {
		return nil
	}
	for _, v := range versions.Content {
		if name := text(v, "name"); name == nil || name.Value != parts[1] {
			continue
		}
		schema, _ := source.Lookup(v, "schema")
		schema, _ = source.Lookup(schema, "openAPIV3Schema")
		return keyAt(schema, parts[2])
	}
	return nil
}

// keyAt follows a pointer and returns the key that it ends at.
func keyAt(n *yaml.Node, pointer string) *yaml.Node {
	var key *yaml.Node
	for _, name := range strings.Split(strings.TrimPrefix(pointer, "/"), "/") {
		if n, key = source.Lookup(n, strings.ReplaceAll(name, "~1", "/")); key == nil {
			return nil
		}
	}
	return key
}
