// Package manifest reads Kubernetes objects from files, folders, globs, kustomizations and inline values, each with the
// place that it came from. Paths are relative to one folder and can't leave it, not even through symbolic links.
//
// It reaches no cluster: whether a kind exists is not known here.
package manifest

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Object is a Kubernetes object with the place that it came from.
type Object struct {
	*unstructured.Unstructured
	Place string // "manifests/web.yaml:12", "inline[1]"
}

// String names the object for people: "Deployment web (manifests/web.yaml:12)".
func (o Object) String() string {
	name := o.GetName()
	if name == "" {
		name = o.GetGenerateName() + "*"
	}
	return fmt.Sprintf("%s %s (%s)", o.GetKind(), name, o.Place)
}

// flatten turns a value into objects: a List into its items. Empty values are none.
func flatten(place string, value any) ([]Object, []error) {
	if value == nil {
		return nil, nil
	}
	content, ok := value.(map[string]any)
	if !ok {
		return nil, []error{fmt.Errorf("%s: expected an object with apiVersion and kind, found %s", place, found(value))}
	}
	if len(content) == 0 {
		return nil, nil
	}
	if items, isList := itemsOf(content); isList {
		return flattenItems(place, items)
	}
	if fault := complete(content); fault != nil {
		return nil, []error{fmt.Errorf("%s: %w", place, fault)}
	}
	return []Object{newObject(place, content)}, nil
}

func newObject(place string, content map[string]any) Object {
	return Object{Unstructured: &unstructured.Unstructured{Object: content}, Place: place}
}

// itemsOf returns what a List holds.
func itemsOf(content map[string]any) (items []any, isList bool) {
	kind, _ := content["kind"].(string)
	items, isList = content["items"].([]any)
	return items, isList && strings.HasSuffix(kind, "List")
}

func flattenItems(place string, items []any) ([]Object, []error) {
	var out []Object
	var errs []error
	for i, item := range items {
		objects, itemErrs := flatten(fmt.Sprintf("%s: item %d", place, i+1), item)
		out = append(out, objects...)
		errs = append(errs, itemErrs...)
	}
	return out, errs
}

// fault is what makes a value no object.
type fault struct {
	path    []string // keys to it
	message string
}

// Error returns the message.
func (f *fault) Error() string { return f.message }

func faulty(message string, path ...string) *fault { return &fault{path, message} }

// complete reports what makes a value no object.
func complete(content map[string]any) *fault {
	for _, key := range []string{"apiVersion", "kind"} {
		if text, ok := content[key].(string); !ok || text == "" {
			return faulty(fmt.Sprintf("the object has no %s, found %s", key, found(content[key])), key)
		}
	}
	kind := content["kind"]
	metadata, ok := content["metadata"].(map[string]any)
	if !ok {
		return faulty(fmt.Sprintf("the %s has no metadata", kind), "metadata")
	}
	name, named := metadata["name"].(string)
	generate, generated := metadata["generateName"].(string)
	if (!named || name == "") && (!generated || generate == "") {
		return faulty(fmt.Sprintf("the %s has no metadata.name, found %s", kind, found(metadata["name"])), "metadata", "name")
	}
	for _, field := range []string{"labels", "annotations"} {
		if key, err := texts(metadata[field]); err != nil {
			return faulty(fmt.Sprintf("metadata.%s of %s %s%s: %s", field, kind, name, generate, err), "metadata", field, key)
		}
	}
	return nil
}

// texts reports a value that is not text: YAML turns many words into numbers and booleans, and the server refuses those.
func texts(value any) (key string, err error) {
	if value == nil {
		return "", nil
	}
	entries, ok := value.(map[string]any)
	if !ok {
		return "", fmt.Errorf("expected a mapping, found %s", found(value))
	}
	for _, key := range sortedKeys(entries) {
		if _, ok := entries[key].(string); !ok {
			return key, fmt.Errorf("%q must be text, found %s; put it in quotes", key, found(entries[key]))
		}
	}
	return "", nil
}

func found(value any) string {
	switch v := value.(type) {
	case nil:
		return "nothing"
	case map[string]any:
		return "a mapping"
	case []any:
		return "a list"
	case string:
		return fmt.Sprintf("%q", v)
	}
	return fmt.Sprint(value)
}
