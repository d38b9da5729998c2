package lsp_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/scenario-runner/scenario-runner/engine/lsp"
	"github.com/scenario-runner/scenario-runner/engine/source"
)

// toys are objects of another world than Kubernetes: documents with a toy and a name.
type toys struct{}

func (toys) Files(dir, name string) []string {
	if _, err := os.Stat(filepath.Join(dir, name)); err != nil || name == "" || !filepath.IsLocal(name) {
		return nil
	}
	return []string{name}
}

func (toys) Of(n *yaml.Node) []lsp.Object {
	kind, _ := source.Lookup(n, "toy")
	name, _ := source.Lookup(n, "name")
	if kind == nil || name == nil {
		return nil
	}
	return []lsp.Object{{Reference: kind.Value + "/" + name.Value, Kind: kind.Value, Name: name.Value, APIVersion: "toys/v1", Node: name}}
}

func (toys) Kinds() []string { return []string{"bears", "cars"} }

func (toys) Means(text string, o lsp.Object) bool {
	kind, name, _ := strings.Cut(text, "/")
	return slices.Contains([]string{o.Kind, o.Kind + "s"}, kind) && name == o.Name
}

func (toys) Definitions(dir string) []string {
	return []string{filepath.Join(dir, "toys", "bears.yaml")}
}

// Declared finds the line of a definition that has the origin as its key.
func (toys) Declared(origin string, definition *yaml.Node) *yaml.Node {
	_, key := source.Lookup(definition, origin)
	return key
}
