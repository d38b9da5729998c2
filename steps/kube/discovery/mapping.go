// Package discovery finds out which kinds an API server has and how people may call them: Deployment, deployments,
// deploy, deployments.apps. What was found is kept on disk, so that a second run asks the server nothing.
//
// It does not know the fields of kinds; that is the part of the OpenAPI documents.
package discovery

import (
	"net/url"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Mapping ties a kind to the resource under which the server serves it.
type Mapping struct {
	Group        string   `json:"group,omitempty"`
	Version      string   `json:"version"`
	Kind         string   `json:"kind"`
	Resource     string   `json:"resource"` // plural, lower case: deployments
	Singular     string   `json:"singular,omitempty"`
	ShortNames   []string `json:"shortNames,omitempty"`
	Namespaced   bool     `json:"namespaced,omitempty"`
	Verbs        []string `json:"verbs,omitempty"`
	Subresources []string `json:"subresources,omitempty"`
}

// APIVersion is what manifests write: "apps/v1", or "v1" for the core group.
func (m Mapping) APIVersion() string {
	return schema.GroupVersion{Group: m.Group, Version: m.Version}.String()
}

// GVK returns the kind in the words of apimachinery.
func (m Mapping) GVK() schema.GroupVersionKind {
	return schema.GroupVersionKind{Group: m.Group, Version: m.Version, Kind: m.Kind}
}

// GVR returns the resource in the words of apimachinery.
func (m Mapping) GVR() schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: m.Group, Version: m.Version, Resource: m.Resource}
}

// Can reports whether the server offers the verb for this resource.
func (m Mapping) Can(verb string) bool { return slices.Contains(m.Verbs, verb) }

// String is the name without ambiguity: "deployments.apps", or "pods" for the core group.
func (m Mapping) String() string {
	if m.Group == "" {
		return m.Resource
	}
	return m.Resource + "." + m.Group
}

// Path returns the URL path of the collection, or of the named object, or of its subresource. namespace is ignored for
// kinds that have none; "" means all namespaces.
func (m Mapping) Path(namespace, name string, subresource ...string) string {
	parts := []string{"/apis", m.Group, m.Version}
	if m.Group == "" {
		parts = []string{"/api", m.Version}
	}
	if m.Namespaced && namespace != "" {
		parts = append(parts, "namespaces", url.PathEscape(namespace))
	}
	parts = append(parts, m.Resource)
	if name != "" {
		parts = append(parts, url.PathEscape(name))
	}
	return strings.Join(append(parts, subresource...), "/")
}

// names are all the words that mean this kind, in lower case.
func (m Mapping) names() []string {
	names := append([]string{strings.ToLower(m.Kind), m.Resource, m.Singular}, m.ShortNames...)
	return slices.DeleteFunc(names, func(name string) bool { return name == "" })
}

// called reports whether the type name means this kind: Deployment, deploy, deployments.apps, deployments.v1.apps.
func (m Mapping) called(name string) bool {
	word, rest, qualified := strings.Cut(strings.ToLower(name), ".")
	if !slices.Contains(m.names(), word) {
		return false
	}
	return !qualified || rest == m.Group || rest == strings.TrimSuffix(m.Version+"."+m.Group, ".")
}
