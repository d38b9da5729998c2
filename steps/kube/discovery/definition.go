package discovery

import (
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// IsDefinition reports whether object is a CustomResourceDefinition.
func IsDefinition(object *unstructured.Unstructured) bool {
	return object.GetKind() == "CustomResourceDefinition" && strings.HasPrefix(object.GetAPIVersion(), "apiextensions.k8s.io/")
}

// definedBy returns the mappings that a CustomResourceDefinition adds, newest version first as the server prefers it.
func definedBy(definition *unstructured.Unstructured) []Mapping {
	text := func(path ...string) string {
		value, _, _ := unstructured.NestedString(definition.Object, path...)
		return value
	}
	short, _, _ := unstructured.NestedStringSlice(definition.Object, "spec", "names", "shortNames")
	versions, _, _ := unstructured.NestedSlice(definition.Object, "spec", "versions")
	base := Mapping{
		Group: text("spec", "group"), Kind: text("spec", "names", "kind"), Resource: text("spec", "names", "plural"),
		Singular: text("spec", "names", "singular"), ShortNames: short, Namespaced: text("spec", "scope") == "Namespaced",
		Verbs: []string{"delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"},
	}
	var out []Mapping
	for _, entry := range versions {
		version, ok := entry.(map[string]any)
		if !ok || version["served"] != true {
			continue
		}
		mapping := base
		mapping.Version, _ = version["name"].(string)
		if subresources, ok := version["subresources"].(map[string]any); ok {
			for _, name := range []string{"scale", "status"} {
				if _, has := subresources[name]; has {
					mapping.Subresources = append(mapping.Subresources, name)
				}
			}
		}
		out = append(out, mapping)
	}
	return out
}
